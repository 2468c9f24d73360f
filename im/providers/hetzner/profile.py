"""What is known of Hetzner Cloud without asking it: defaults, and the mistakes that can be caught before anything is written.

A token belongs to one project and sees every location, so there is one region, and the location is the zone.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from im.domain.config.account import Account
from im.domain.errors import Refused
from im.domain.scope import Scope
from im.domain.spec.firewall import gathered
from im.domain.spec.spec import Spec
from im.providers.hetzner.account import REGION
from im.providers.hetzner.capabilities import CAPABILITIES
from im.providers.kit.ssh_key import check_public_key
from im.providers.kit.user_data import check_text
from im.providers.request import Ask

if TYPE_CHECKING:
    from im.settings import Settings

LOCATIONS = ("fsn1", "nbg1", "hel1", "ash", "hil", "sin")
DEFAULT_TYPE, DEFAULT_LOCATION, DEFAULT_IMAGE = "cx23", "fsn1", "ubuntu-24.04"
IMAGES = ("ubuntu-24.04", "ubuntu-22.04", "debian-13", "debian-12", "rocky-10", "fedora-42", "alma-10")
ALIASES = {"ubuntu": "ubuntu-24.04", "debian": "debian-13"}
_TYPE = re.compile(r"(?:cx|cpx|cax|ccx)\d{2}", re.ASCII)
_IMAGE = re.compile(r"[a-z0-9][a-z0-9.-]{0,62}", re.ASCII)
MOST_USER_DATA = 32768


class HetznerProfile:
    """Hetzner, offline."""

    name = "hetzner"
    capabilities = CAPABILITIES

    def plan(self, ask: Ask, *, account: str, default_region: str | None) -> tuple[Scope, Spec]:
        """Defaults: cx23 in fsn1 with Ubuntu 24.04 LTS. Raises Refused with the nearest right form."""
        ask.refuse_options(self.name)
        _refuse_what_is_not_there(ask)
        rules = gathered(ask.ssh_from, ask.open_ports)
        spec = Spec(
            instance_type=check_type(ask.instance_type or DEFAULT_TYPE),
            zone=check_location(ask.zone or DEFAULT_LOCATION),
            image=check_image(ask.image),
            public_key=check_public_key(ask.public_key, "Hetzner"),
            ssh_user=ask.ssh_user or "root",
            owner=ask.owner,
            firewall=rules,
            user_data=ask.user_data,
        )
        return Scope(self.name, account, REGION), spec

    def check_together(self, specs: Sequence[Spec]) -> None:
        """What is installed on one has to run on whichever it becomes: cax is Arm, all others are x86."""
        first = specs[0].instance_type
        for other in (one.instance_type for one in specs):
            if other.startswith("cax") is not first.startswith("cax"):
                raise Refused(
                    f"{first} and {other} are of different architectures: what runs on one does not run on the other",
                    "name cax types alone, or none of them",
                )

    def check_access(self, scope: Scope, account: Account, settings: Settings, *, guarded: bool) -> None:
        """A project has no roles, and no guard."""

    def locate(self, machine_ids: Sequence[str], *, account: str, region: str) -> Scope:
        for one in machine_ids:
            if not one.isdigit():
                raise Refused(f"'{one[:40]}' is not the id of a Hetzner server", "it is a number, like 42001234")
        return Scope(self.name, account, REGION)


PROFILE = HetznerProfile()


def _refuse_what_is_not_there(ask: Ask) -> None:
    if ask.spot is not None:
        raise Refused("Hetzner has no spot machines", "leave --spot out")
    if ask.hibernate:
        raise Refused("Hetzner has no hibernation", "leave --hibernate out; a stopped server keeps its disk")
    if ask.volumes or (ask.root_disk is not None and ask.root_disk != type(ask.root_disk)()):
        raise Refused(
            "the disk of a Hetzner server belongs to its type", "choose a larger type with --instance-type, like cx33"
        )
    if ask.network or ask.subnet:
        raise Refused("im puts Hetzner servers into no network of your own yet", "leave --vpc and --subnet out")
    check_text(ask.user_data, "Hetzner", MOST_USER_DATA, "32 KiB")


def check_type(name: str) -> str:
    """`name` itself. Raises Refused when it cannot be a type; whether it is sold is for Hetzner to say."""
    small = name.strip().lower()
    if _TYPE.fullmatch(name):
        return name
    if _TYPE.fullmatch(small):
        raise Refused(f"'{name[:40]}' is not a type of Hetzner's", f"did you mean {small}?")
    raise Refused(f"'{name[:40]}' is not a type of Hetzner's", f"types look like {DEFAULT_TYPE}, cpx22, cax11 or ccx13")


def check_location(name: str) -> str:
    """A location, or `any`. Raises Refused."""
    if name in (*LOCATIONS, "any"):
        return name
    near = difflib.get_close_matches(name.strip().lower(), LOCATIONS, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else f"choose {', '.join(LOCATIONS)} or any"
    raise Refused(f"'{name[:40]}' is not a location of Hetzner's", hint)


def check_image(name: str | None) -> str:
    """A name of Hetzner's, or the number of a snapshot."""
    if name is None:
        return DEFAULT_IMAGE
    meant = ALIASES.get(name, name)
    if not _IMAGE.fullmatch(meant):
        near = difflib.get_close_matches(name.lower(), IMAGES, n=1)
        hint = f"did you mean {near[0]}?" if near else f"for example {', '.join(IMAGES[:3])}, or a snapshot's number"
        raise Refused(f"'{name[:40]}' is not an image of Hetzner's", hint)
    return meant
