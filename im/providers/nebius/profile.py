"""What is known of Nebius without asking it: defaults, and the mistakes that can be caught before anything is written.

A project lies in one region, and an account has one in each that it may use: there is one region of ours, and theirs is the zone.
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
from im.providers.kit.ipv4_rules import of_ipv4
from im.providers.kit.ssh_key import check_public_key
from im.providers.nebius import gpus
from im.providers.nebius.account import REGION
from im.providers.nebius.capabilities import CAPABILITIES
from im.providers.nebius.disks import check_disk
from im.providers.nebius.security_groups import check_rules
from im.providers.request import Ask

if TYPE_CHECKING:
    from im.settings import Settings

REGIONS = ("eu-north1", "eu-west1", "eu-west2", "me-west1", "uk-south1", "us-central1")
DEFAULT_TYPE, DEFAULT_REGION = "cpu-d3_4vcpu-16gb", "eu-north1"
PLAIN, WITH_DRIVERS = "ubuntu24.04-driverless", "ubuntu24.04-cuda13.0"
"""Image families; `ubuntu` is the one or the other, as the machine has GPUs or none."""
_ALIASES = ("ubuntu", "ubuntu-24.04")
_TYPE = re.compile(r"(?:cpu|gpu)-[a-z0-9-]+_(?:\d+gpu-)?\d+vcpu-\d+gb", re.ASCII)
_REGION = re.compile(r"[a-z]{2}-[a-z]+\d", re.ASCII)
_FAMILY = re.compile(r"[a-z][a-z0-9.-]{2,62}", re.ASCII)
_MACHINE = re.compile(r"computeinstance-[a-z0-9]+", re.ASCII)
MOST_USER_DATA = 256 * 1024
"""Bytes that im sends; how many Nebius takes, it does not say."""


class NebiusProfile:
    """Nebius, offline."""

    name = "nebius"
    capabilities = CAPABILITIES

    def plan(self, ask: Ask, *, account: str, default_region: str | None) -> tuple[Scope, Spec]:
        """Defaults: cpu-d3_4vcpu-16gb in eu-north1 with Ubuntu 24.04 LTS. Raises Refused with the nearest right form."""
        ask.refuse_options(self.name)
        _refuse_what_is_not_there(ask)
        kind = check_type(ask.instance_type or DEFAULT_TYPE)
        spec = Spec(
            instance_type=kind,
            zone=check_region(ask.zone or DEFAULT_REGION),
            image=check_image(ask.image or "ubuntu"),
            public_key=check_public_key(ask.public_key, "Nebius"),
            ssh_user=ask.ssh_user or "ubuntu",
            owner=ask.owner,
            firewall=_rules(ask),
            disks=tuple(check_disk(one, root=at == 0) for at, one in enumerate(ask.disks)),
            user_data=ask.user_data,
        )
        return Scope(self.name, account, REGION), spec

    def check_together(self, specs: Sequence[Spec]) -> None:
        """All are x86: what runs on one runs on the other."""

    def check_access(self, scope: Scope, account: Account, settings: Settings, *, guarded: bool) -> None:
        """A service account has its role for the whole project, and there is no guard."""

    def locate(self, machine_ids: Sequence[str], *, account: str, region: str) -> Scope:
        for one in machine_ids:
            if not _MACHINE.fullmatch(one):
                raise Refused(
                    f"'{one[:40]}' is not the id of a machine at Nebius", "it looks like computeinstance-e00abc"
                )
        return Scope(self.name, account, REGION)


PROFILE = NebiusProfile()


def is_type(name: str) -> bool:
    return _TYPE.fullmatch(name) is not None


def is_machine(machine_id: str) -> bool:
    return _MACHINE.fullmatch(machine_id) is not None


def _refuse_what_is_not_there(ask: Ask) -> None:
    if ask.spot is not None:
        raise Refused("im asks Nebius for no preemptible machines yet", "leave --spot out")
    if ask.hibernate:
        raise Refused("Nebius has no hibernation", "leave --hibernate out; a stopped machine keeps its disks")
    if ask.network or ask.subnet:
        raise Refused("im puts machines at Nebius into their project's usual subnet", "leave --vpc and --subnet out")
    if ask.user_data is not None and len(ask.user_data) > MOST_USER_DATA:
        told = f"im sends Nebius at most 256 KiB of user data, and this has {len(ask.user_data)} bytes"
        raise Refused(told, "make it smaller")


def _rules(ask: Ask) -> tuple[Rule, ...] | None:
    rules = gathered(ask.ssh_from, ask.open_ports)
    if rules is None:
        return None
    found = of_ipv4(rules, "Nebius")
    check_rules(found)
    return found


def parts_of(kind: str) -> tuple[str, str]:
    """Platform and preset."""
    platform, _, preset = kind.rpartition("_")
    return platform, preset


def check_type(name: str) -> str:
    """`name` itself. Raises Refused when it cannot be a type; whether it is sold is for Nebius to say."""
    if _TYPE.fullmatch(name):
        return name
    small = re.sub(r"[\s/:.]+", "_", name.strip().lower())
    known = [*gpus.TYPES, DEFAULT_TYPE, "cpu-d3_8vcpu-32gb", "cpu-e2_2vcpu-8gb"]
    near = [small] if _TYPE.fullmatch(small) else difflib.get_close_matches(small, known, n=1, cutoff=0.6)
    hint = (
        f"did you mean {near[0]}?" if near else f"a platform, _ and a preset: {DEFAULT_TYPE}, {next(iter(gpus.TYPES))}"
    )
    raise Refused(f"'{name[:40]}' is not a type of Nebius'", hint)


def check_region(name: str) -> str:
    """A region, or `any`; one that is new to us is for Nebius to judge. Raises Refused."""
    if name == "any" or _REGION.fullmatch(name):
        return name
    near = difflib.get_close_matches(name.strip().lower(), REGIONS, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else f"choose {', '.join(REGIONS)} or any"
    raise Refused(f"'{name[:40]}' is not a region of Nebius'", hint)


def check_image(name: str) -> str:
    """An image family of Nebius', or `ubuntu`: what that is, depends on the type that is launched."""
    if name in _ALIASES:
        return _ALIASES[0]
    if name.startswith(("debian", "fedora", "rocky", "centos")) or not _FAMILY.fullmatch(name):
        near = difflib.get_close_matches(name.lower(), (PLAIN, WITH_DRIVERS), n=1)
        hint = f"did you mean {near[0]}?" if near else f"for example ubuntu, {PLAIN} or {WITH_DRIVERS}"
        raise Refused(f"'{name[:40]}' is not an image family of Nebius'", hint)
    return name


def family_of(spec: Spec) -> str:
    if spec.image not in _ALIASES:
        return spec.image
    return WITH_DRIVERS if spec.instance_type.startswith("gpu-") else PLAIN
