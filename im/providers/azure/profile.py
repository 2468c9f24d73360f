"""What is known of Azure without asking it: defaults, and the mistakes that can be caught before anything is written.

The location is the region; a zone is a location and a number, or the location itself, which is larger than its zones together.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from im.domain.config.account import Account
from im.domain.config.region import zone_of
from im.domain.errors import Refused
from im.domain.scope import Scope
from im.domain.spec.firewall import gathered
from im.domain.spec.placement import ANY
from im.domain.spec.spec import Spec
from im.providers.azure.account import DEFAULT
from im.providers.azure.capabilities import CAPABILITIES
from im.providers.azure.sizes import (
    DEFAULT_SIZE,
    DEFAULT_SPOT_SIZE,
    check_disk,
    check_image,
    check_size,
    hibernates,
    is_arm,
    lends_spot,
)
from im.providers.kit.ssh_key import check_public_key
from im.providers.request import Ask

if TYPE_CHECKING:
    from im.settings import Settings

LOCATIONS = (
    *("australiaeast", "brazilsouth", "canadacentral", "centralindia", "centralus", "eastasia", "eastus", "eastus2"),
    *("francecentral", "germanywestcentral", "israelcentral", "italynorth", "japaneast", "japanwest", "koreacentral"),
    *(
        "mexicocentral",
        "newzealandnorth",
        "northcentralus",
        "northeurope",
        "norwayeast",
        "polandcentral",
        "qatarcentral",
    ),
    *("southafricanorth", "southcentralus", "southeastasia", "spaincentral", "swedencentral", "switzerlandnorth"),
    *("uaenorth", "uksouth", "ukwest", "westcentralus", "westeurope", "westus", "westus2", "westus3"),
)
"""The usual ones, to tell a slip by. One that is newer is believed when it is set as the default."""
USER = "azureuser"
_PLACE = re.compile(r"(?P<location>[a-z]{4,30}\d?)(?:-(?P<zone>[1-9]))?", re.ASCII)
_MACHINE = re.compile(r"[a-z0-9._()-]{1,90}/[a-z0-9][a-z0-9._-]{0,63}", re.ASCII)
_USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}", re.ASCII)
_NOBODY = frozenset(
    "admin administrator root user test guest actuser adm aspnet backup console david john sys support owner server sql".split()
)
"""Of the names that Azure refuses, those that a person might choose."""
MOST_USER_DATA = 65535


class AzureProfile:
    """Azure, offline."""

    name = "azure"
    capabilities = CAPABILITIES

    def plan(self, ask: Ask, *, account: str, default_region: str | None) -> tuple[Scope, Spec]:
        """Defaults: Standard_B1s with Ubuntu 24.04 LTS in eastus, in no zone. Raises Refused with the nearest form."""
        ask.refuse_options(self.name)
        _refuse_what_is_not_there(ask)
        location, zone = _where(ask.zone, default_region or DEFAULT)
        size = check_size(ask.instance_type or (DEFAULT_SPOT_SIZE if ask.spot or ask.hibernate else DEFAULT_SIZE))
        if ask.hibernate and not hibernates(size):
            raise Refused(f"Azure does not hibernate machines of {size}", f"choose another, like {DEFAULT_SPOT_SIZE}")
        if ask.spot is not None and not lends_spot(size):
            raise Refused(f"Azure has no spot machines of {size}", f"choose another, like {DEFAULT_SPOT_SIZE}")
        root, *more = ask.disks
        spec = Spec(
            instance_type=size,
            zone=zone,
            image=check_image(ask.image),
            public_key=check_public_key(ask.public_key, "Azure"),
            ssh_user=check_user(ask.ssh_user),
            owner=ask.owner,
            firewall=gathered(ask.ssh_from, ask.open_ports),
            disks=(check_disk(root, root=True), *(check_disk(one, root=False) for one in more)),
            spot=ask.spot,
            user_data=ask.user_data,
            hibernate=ask.hibernate,
        )
        return Scope(self.name, account, location), spec

    def check_together(self, specs: Sequence[Spec]) -> None:
        """What is installed on one has to run on whichever it becomes."""
        first = specs[0].instance_type
        for other in (one.instance_type for one in specs):
            if is_arm(other) is not is_arm(first):
                raise Refused(
                    f"{first} and {other} are of different architectures: what runs on one does not run on the other",
                    "name sizes with a p among their letters alone, which are Arm, or none of them",
                )

    def check_access(self, scope: Scope, account: Account, settings: Settings, *, guarded: bool) -> None:
        """No role is needed for a machine, and its guard acts in our own name."""

    def locate(self, machine_ids: Sequence[str], *, account: str, region: str) -> Scope:
        """A machine is its resource group and its name, in small letters: Azure knows them in any case."""
        for one in machine_ids:
            if _MACHINE.fullmatch(one):
                continue
            near = (
                "/".join(one.rstrip("/").lower().split("/")[-9::8])
                if one.startswith("/subscriptions/")
                else one.lower()
            )
            found = re.fullmatch(r"/subscriptions/[^/]+/resourcegroups/([^/]+)/.*/virtualmachines/([^/]+)", one.lower())
            near = f"{found[1]}/{found[2]}" if found else near
            hint = f"did you mean {near}?" if _MACHINE.fullmatch(near) else "it is GROUP/NAME, like my-group/web-1"
            raise Refused(f"'{one[:40]}' is not a machine of Azure's", hint)
        return Scope(self.name, account, check_location(region))


PROFILE = AzureProfile()


def _where(zone: str | None, default: str) -> tuple[str, str]:
    """(location, zone). A zone's number alone means one of the usual location."""
    if zone is None:
        location = check_location(default)
        return location, zone_of(default) or location
    if zone == ANY:
        return check_location(default), ANY
    if re.fullmatch(r"[1-9]", zone, re.ASCII):
        location = check_location(default)
        return location, f"{location}-{zone}"
    found = _PLACE.fullmatch(zone)
    if found is None or (found["location"] not in LOCATIONS and found["location"] != default):
        raise Refused(f"'{zone[:40]}' is not a location or zone of Azure's", _nearest(zone))
    return found["location"], zone


def check_location(name: str) -> str:
    """`name` itself. Raises Refused for what cannot be one; a new one is believed."""
    found = _PLACE.fullmatch(name)
    if found is not None and found["zone"] is None:
        return str(name)
    raise Refused(f"'{name[:40]}' is not a location of Azure's", _nearest(name))


def check_place(name: str) -> str:
    """A location or a zone of one. Raises Refused."""
    if _PLACE.fullmatch(name):
        return name
    raise Refused(f"'{name[:40]}' is not a location or zone of Azure's", _nearest(name))


def _nearest(name: str) -> str:
    small = re.sub(r"[^a-z0-9-]", "", name.lower())
    bare, dash, number = small.partition("-")
    near = difflib.get_close_matches(bare, LOCATIONS, n=1, cutoff=0.7)
    if near:
        return f"did you mean {near[0]}{dash + number if number.isdigit() else ''}?"
    return "write a location, like westeurope, or one of its zones, like westeurope-1"


def check_user(name: str | None) -> str:
    """Who logs in. Raises Refused for a name that Azure takes for no machine."""
    if name is None:
        return USER
    if name.lower() in _NOBODY:
        raise Refused(f"Azure lets nobody log in as {name} at first", f"leave --ssh-user out, and it is {USER}")
    if not _USER.fullmatch(name):
        raise Refused(f"'{name[:40]}' is no name of a user", f"leave --ssh-user out, and it is {USER}")
    return name


def _refuse_what_is_not_there(ask: Ask) -> None:
    if ask.hibernate and ask.spot is not None:
        raise Refused("Azure does not hibernate spot machines", "leave --hibernate out, or --spot")
    if ask.network or ask.subnet:
        raise Refused("im puts machines at Azure into a network of its own", "leave --vpc and --subnet out")
    if ask.user_data is not None and len(ask.user_data) > MOST_USER_DATA:
        told = f"Azure takes at most 65,535 bytes of user data, and this has {len(ask.user_data)}"
        raise Refused(told, "make it smaller, or have it fetch the rest")
