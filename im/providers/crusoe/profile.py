"""What is known of Crusoe without asking it: defaults, and the mistakes that can be caught before anything is written.

A project sees every location, so there is one region of ours, and Crusoe's location is the zone.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from im.domain.config.account import Account
from im.domain.errors import Refused
from im.domain.scope import Scope
from im.domain.spec.spec import Spec
from im.providers.crusoe import gpus
from im.providers.crusoe.account import REGION
from im.providers.crusoe.api import UUID
from im.providers.crusoe.capabilities import CAPABILITIES
from im.providers.crusoe.images import image_for
from im.providers.crusoe.user_data import check_script
from im.providers.kit.ssh_key import check_public_key
from im.providers.request import Ask

if TYPE_CHECKING:
    from im.settings import Settings

LOCATIONS = ("eu-iceland1-a", "eu-norway1-a", "us-east1-a", "us-northcentral1-a", "us-southcentral1-a")
DEFAULT_TYPE, DEFAULT_LOCATION = "c1a.2x", "us-east1-a"
_TYPE = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*\.\d{1,3}x", re.ASCII)
_LOCATION = re.compile(r"[a-z]{2}-[a-z]+\d+-[a-z]", re.ASCII)


class CrusoeProfile:
    """Crusoe, offline."""

    name = "crusoe"
    capabilities = CAPABILITIES

    def plan(self, ask: Ask, *, account: str, default_region: str | None) -> tuple[Scope, Spec]:
        """Defaults: c1a.2x in us-east1-a with Ubuntu 22.04. Raises Refused with the nearest right form."""
        ask.refuse_options("Crusoe")
        _refuse_what_is_not_there(ask)
        kind = check_type(ask.instance_type or DEFAULT_TYPE)
        spec = Spec(
            instance_type=kind,
            zone=check_location(ask.zone or DEFAULT_LOCATION),
            image=image_for(kind, ask.image),
            public_key=check_public_key(ask.public_key, "Crusoe"),
            ssh_user=ask.ssh_user or "ubuntu",
            owner=ask.owner,
            user_data=ask.user_data,
        )
        return Scope(self.name, account, REGION), spec

    def check_together(self, specs: Sequence[Spec]) -> None:
        """What is made for the GPUs of AMD does not run on those of NVIDIA."""
        amd = {one.instance_type.startswith("mi3"): one.instance_type for one in specs}
        if len(amd) > 1:
            raise Refused(
                f"{amd[True]} has GPUs of AMD and {amd[False]} has none: what runs on one does not run on the other",
                "name types of one kind",
            )

    def check_access(self, scope: Scope, account: Account, settings: Settings, *, guarded: bool) -> None:
        """A key has the role of its user: there are no roles to take, and there is no guard."""

    def locate(self, machine_ids: Sequence[str], *, account: str, region: str) -> Scope:
        for one in machine_ids:
            if not UUID.fullmatch(one):
                raise Refused(f"'{one[:40]}' is not the id of a VM of Crusoe's", "crusoe compute vms list  shows them")
        return Scope(self.name, account, REGION)


PROFILE = CrusoeProfile()


def _refuse_what_is_not_there(ask: Ask) -> None:
    if ask.spot is not None:
        raise Refused("Crusoe has spot machines, and no call that asks for one", "leave --spot out")
    if ask.hibernate:
        raise Refused("Crusoe has no hibernation", "leave --hibernate out; a stopped machine keeps its disk")
    if ask.root_disk is not None and ask.root_disk != type(ask.root_disk)():
        raise Refused("the disk of the system has 128 GiB at Crusoe, whichever the machine", "leave --disk out")
    if ask.volumes:
        raise Refused(
            "im makes no further disks at Crusoe yet", "leave --volume out; the disk of the system has 128 GiB"
        )
    if ask.network or ask.subnet:
        raise Refused("im puts machines into the usual network of a project at Crusoe", "leave --vpc and --subnet out")
    if ask.ssh_from or ask.open_ports:
        raise Refused(
            "at Crusoe the rules of a network hold for all of its machines, and im does not change them",
            "leave --ssh-from and --open out; crusoe networking vpc-firewall-rules  shows who gets in",
        )
    check_script(ask.user_data)


def check_type(name: str) -> str:
    """`name` itself. Raises Refused when it cannot be a type; whether it is sold is for Crusoe to say."""
    if _TYPE.fullmatch(name):
        return name
    small = name.strip().lower()
    near = [small] if _TYPE.fullmatch(small) else difflib.get_close_matches(small, [*gpus.TYPES, DEFAULT_TYPE], n=1)
    hint = (
        f"did you mean {near[0]}?" if near else f"types look like {DEFAULT_TYPE}, l40s-48gb.1x or h100-80gb-sxm-ib.8x"
    )
    raise Refused(f"'{name[:40]}' is not a type of Crusoe's", hint)


def check_location(name: str) -> str:
    """A location, or `any`; one that is new to us is for Crusoe to judge. Raises Refused."""
    if name == "any" or _LOCATION.fullmatch(name):
        return name
    near = difflib.get_close_matches(name.strip().lower(), LOCATIONS, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else f"choose {', '.join(LOCATIONS)} or any"
    raise Refused(f"'{name[:40]}' is not a location of Crusoe's", hint)
