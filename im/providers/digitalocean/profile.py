"""What is known of DigitalOcean without asking it: defaults, and the mistakes that can be caught before anything is written.

A token belongs to one team and sees every region, so there is one region of ours, and DigitalOcean's is the zone.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from im.domain.config.account import Account
from im.domain.errors import Refused
from im.domain.scope import Scope
from im.domain.spec.firewall import Rule, gathered
from im.domain.spec.spec import Spec
from im.providers.digitalocean.account import REGION
from im.providers.digitalocean.capabilities import CAPABILITIES
from im.providers.digitalocean.resources import MOST_RULES, inward
from im.providers.kit.ssh_key import check_public_key
from im.providers.kit.user_data import check_text
from im.providers.request import Ask

if TYPE_CHECKING:
    from im.settings import Settings

REGIONS = ("ams3", "atl1", "blr1", "fra1", "lon1", "nyc1", "nyc2", "nyc3", "sfo2", "sfo3", "sgp1", "syd1", "tor1")
DEFAULT_TYPE, DEFAULT_REGION, DEFAULT_IMAGE = "s-1vcpu-1gb", "nyc3", "ubuntu-24-04-x64"
IMAGES = ("ubuntu-24-04-x64", "ubuntu-22-04-x64", "debian-13-x64", "debian-12-x64", "fedora-42-x64", "rockylinux-9-x64")
ALIASES = {"ubuntu": DEFAULT_IMAGE, "debian": "debian-13-x64"}
_TYPE = re.compile(r"(?:s|c|c2|g|gd|m|m3|m6|so|so1_5|gpu)-[a-z0-9_.-]+", re.ASCII)
_REGION = re.compile(r"[a-z]{3}\d", re.ASCII)
_IMAGE = re.compile(r"[a-z0-9][a-z0-9.-]{0,99}", re.ASCII)
_VERSION = re.compile(r"(ubuntu|debian)-(\d+)(?:\.(\d+))?", re.ASCII)
MOST_USER_DATA = 65536


class DigitalOceanProfile:
    """DigitalOcean, offline."""

    name = "digitalocean"
    capabilities = CAPABILITIES

    def plan(self, ask: Ask, *, account: str, default_region: str | None) -> tuple[Scope, Spec]:
        """Defaults: s-1vcpu-1gb in nyc3 with Ubuntu 24.04 LTS. Raises Refused with the nearest right form."""
        ask.refuse_options(self.name)
        _refuse_what_is_not_there(ask)
        rules = gathered(ask.ssh_from, ask.open_ports)
        spec = Spec(
            instance_type=check_type(ask.instance_type or DEFAULT_TYPE),
            zone=check_region(ask.zone or DEFAULT_REGION),
            image=check_image(ask.image) if ask.image else default_image(ask.instance_type or DEFAULT_TYPE),
            public_key=check_public_key(ask.public_key, "DigitalOcean"),
            ssh_user=ask.ssh_user or "root",
            owner=ask.owner,
            firewall=_check_rules(rules),
            user_data=ask.user_data,
        )
        return Scope(self.name, account, REGION), spec

    def check_together(self, specs: Sequence[Spec]) -> None:
        """All are x86; an image for GPUs is of no use without one."""
        first = specs[0].instance_type
        for other in (one.instance_type for one in specs):
            if other.startswith("gpu-") is not first.startswith("gpu-"):
                raise Refused(
                    f"of {first} and {other} only one has a GPU: what runs on it does not run on the other",
                    "name types with a GPU alone, or none of them",
                )

    def check_access(self, scope: Scope, account: Account, settings: Settings, *, guarded: bool) -> None:
        """A team has no roles to take, and no guard."""

    def locate(self, machine_ids: Sequence[str], *, account: str, region: str) -> Scope:
        for one in machine_ids:
            if not one.isdigit():
                raise Refused(f"'{one[:40]}' is not the id of a droplet", "it is a number, like 412345678")
        return Scope(self.name, account, REGION)


PROFILE = DigitalOceanProfile()


def _refuse_what_is_not_there(ask: Ask) -> None:
    if ask.spot is not None:
        raise Refused("DigitalOcean has no spot machines", "leave --spot out")
    if ask.hibernate:
        raise Refused("DigitalOcean has no hibernation", "leave --hibernate out; a stopped droplet keeps its disk")
    if ask.volumes or (ask.root_disk is not None and ask.root_disk != type(ask.root_disk)()):
        raise Refused(
            "the disk of a droplet belongs to its type", "choose a larger type with --instance-type, like s-2vcpu-4gb"
        )
    if ask.network or ask.subnet:
        raise Refused("im puts droplets into the usual network of their region", "leave --vpc and --subnet out")
    check_text(ask.user_data, "DigitalOcean", MOST_USER_DATA, "64 KiB")


def _check_rules(rules: tuple[Rule, ...] | None) -> tuple[Rule, ...] | None:
    if rules is not None and (number := len(list(inward(rules)))) > MOST_RULES - 3:
        raise Refused(f"{number} spans of ports are more than a firewall of DigitalOcean holds", "name ranges of ports")
    return rules


def check_type(name: str) -> str:
    """`name` itself. Raises Refused when it cannot be a size; whether it is sold is for DigitalOcean to say."""
    small = name.strip().lower()
    if _TYPE.fullmatch(name):
        return name
    if _TYPE.fullmatch(small):
        raise Refused(f"'{name[:40]}' is not a type of DigitalOcean's", f"did you mean {small}?")
    raise Refused(
        f"'{name[:40]}' is not a type of DigitalOcean's", f"types look like {DEFAULT_TYPE}, c-2 or gpu-h100x1-80gb"
    )


def check_region(name: str) -> str:
    """A region, or `any`; one that is new to us is for DigitalOcean to judge. Raises Refused."""
    if name == "any" or _REGION.fullmatch(name):
        return name
    near = difflib.get_close_matches(name.strip().lower(), REGIONS, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else f"choose {', '.join(REGIONS)} or any"
    raise Refused(f"'{name[:40]}' is not a region of DigitalOcean's", hint)


def default_image(kind: str) -> str:
    """With a GPU, the one that has its drivers: https://docs.digitalocean.com/products/droplets/getting-started/recommended-gpu-setup/"""
    if not kind.startswith("gpu-"):
        return DEFAULT_IMAGE
    if kind.startswith("gpu-mi"):
        return "gpu-amd-base"
    return "gpu-h100x8-base" if "x8" in kind else "gpu-h100x1-base"


def check_image(name: str) -> str:
    """A slug of DigitalOcean's, an alias of one (`ubuntu-24.04`), or the number of a snapshot."""
    meant = ALIASES.get(name, name)
    if version := _VERSION.fullmatch(meant):
        meant = "-".join([part for part in version.groups() if part] + ["x64"])
    if not _IMAGE.fullmatch(meant):
        near = difflib.get_close_matches(name.lower(), IMAGES, n=1)
        hint = f"did you mean {near[0]}?" if near else f"for example {', '.join(IMAGES[:3])}, or a snapshot's number"
        raise Refused(f"'{name[:40]}' is not an image of DigitalOcean's", hint)
    return meant
