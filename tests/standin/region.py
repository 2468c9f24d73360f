"""What one account has in one region: machines with their indexes, tokens, keys, groups, volumes, limits."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING, Any

from tests.standin import stock
from tests.standin.errors import AwsError, unknown_instances
from tests.standin.machine import Disk, Facts, Machine, Volume
from tests.standin.shelf import Shelf, TagIndex
from tests.standin.spot import Spot
from tests.standin.throttle import Throttle
from tests.standin.tokens import Tokens

if TYPE_CHECKING:
    from tests.standin.cloud import Cloud

_ID = re.compile(r"i-(?:[0-9a-f]{8}|[0-9a-f]{17})", re.ASCII)
_BENCHMARK_NET = 198 << 24 | 18 << 16
"""198.18.0.0/15, which is routed nowhere; after its 131,072 addresses come those of 240.0.0.0/4."""


def zones_of(region: str) -> tuple[str, ...]:
    return tuple(region + letter for letter in ("abcdef" if region == "us-east-1" else "abc"))


class Region:
    def __init__(self, cloud: Cloud, account: str, name: str) -> None:
        self.cloud = cloud
        self.account = account
        self.name = name
        self.rng = Random(f"{cloud.seed}/{account}/{name}")
        self.zones = zones_of(name)
        self.machines: dict[str, Machine] = {}
        self.everything = Shelf()
        self.by_zone = {zone: Shelf() for zone in self.zones}
        self.by_tag = TagIndex(self.everything)
        self.volumes: dict[str, Volume] = {}
        self.tokens = Tokens()
        self.throttle = Throttle()
        self.occupied: Counter[tuple[str, str]] = Counter()
        """(zone, type) → machines there that take up capacity."""
        self.capacity: dict[tuple[str, str], int] = {}
        """(zone, type or *) → how many may; what is not named has no limit."""
        self.vcpu_limit: int | None = None
        self.instance_limit: int | None = None
        self.profiles: dict[str, float] | None = None
        """Instance profile → from when on EC2 knows it, by the cloud's clock; None: whatever is named is there."""
        self.spot = Spot(self)
        self.dooms: list[tuple[str, str]] = []
        """StateReasons with which the next machines end instead of running, one each."""
        self.vpc = f"vpc-{self.new_hex()}"
        self.subnets = {zone: f"subnet-{self.new_hex()}" for zone in self.zones}
        self.unsold: set[tuple[str, str]] = set()
        """(zone, type) that the zone does not sell, though its region does."""
        self.private_zones: set[str] = set()
        """Those whose default subnet gives out no public address by itself."""
        self.demanded: tuple[str, ...] = ()
        """Tags that the account's policy demands on everything that is made."""
        self.keys: dict[str, dict[str, Any]] = {}
        self.groups: dict[str, dict[str, Any]] = {}
        self.extra: dict[str, Any] = {}
        """What a service that is a file of its own keeps here, under its own name."""
        self._facts: dict[Facts, Facts] = {}
        self._numbers = 0
        self._volumes = 0
        self._private = 3
        self._public = 0

    # ---- names -------------------------------------------------------------------------------------------------------

    def new_hex(self) -> str:
        return f"{self.rng.getrandbits(68):017x}"

    def new_public_ip(self) -> str:
        self._public += 1
        number = _BENCHMARK_NET + self._public if self._public < 1 << 17 else (240 << 24) + self._public
        return _dotted(number)

    # ---- machines ----------------------------------------------------------------------------------------------------

    def make(self, facts: Facts, tags: dict[str, str], disk_tags: dict[str, str]) -> Machine:
        """A machine in `pending`, in every index; `lifecycle` takes it from there."""
        now = self.cloud.now
        self._numbers += 1
        machine = Machine(self._numbers, f"i-{self.new_hex()}", self._facts.setdefault(facts, facts), now)
        self._private += 1
        machine.private_ip = _dotted((10 << 24) + self._private)
        machine.tags = tags
        machine.volumes = tuple(self.new_volume(disk, facts.zone, dict(disk_tags)) for disk in facts.disks)
        for volume in machine.volumes:
            volume.machine = machine
        self.machines[machine.id] = machine
        self.everything.add(machine)
        self.by_zone[facts.zone].add(machine)
        self.by_tag.add(machine)
        return machine

    def forget(self, machine: Machine) -> None:
        """No call will ever show it again; its disks go with it."""
        if self.machines.pop(machine.id, None) is None:
            return
        self.everything.remove(machine)
        self.by_zone[machine.facts.zone].remove(machine)
        self.by_tag.remove(machine)
        for volume in machine.volumes:
            self.volumes.pop(volume.id, None)

    def retag(self, machine: Machine, tags: dict[str, str]) -> None:
        self.by_tag.remove(machine)
        machine.tags = tags
        self.by_tag.add(machine)

    def refit(self, machine: Machine, facts: Facts) -> None:
        """Other facts for one machine, which must not occupy anything now (or keep its zone and type)."""
        machine.facts = self._facts.setdefault(facts, facts)

    def new_volume(self, disk: Disk, zone: str, tags: dict[str, str]) -> Volume:
        self._volumes += 1
        volume = Volume(self._volumes, f"vol-{self.new_hex()}", disk, zone, self.cloud.now, tags)
        self.volumes[volume.id] = volume
        return volume

    def named(self, ids: Sequence[str]) -> list[Machine]:
        """The machines by id, each once, in the order asked for. All or nothing: raises, naming every id at fault."""
        unique = list(dict.fromkeys(ids))
        malformed = [one for one in unique if not _ID.fullmatch(one)]
        if malformed:
            raise AwsError("InvalidInstanceID.Malformed", f'Invalid id: "{malformed[0]}"')
        found = [self.machines.get(one) for one in unique]
        now = self.cloud.now
        known = [one for one in found if one is not None and one.visible_at <= now]
        if len(known) < len(unique):
            seen = {one.id for one in known}
            raise unknown_instances([one for one in unique if one not in seen])
        return known

    def sells(self, zone: str, instance_type: str) -> bool:
        return instance_type in stock.sold(self.name) and (zone, instance_type) not in self.unsold

    def room(self, zone: str, instance_type: str) -> int:
        """How many more machines of that type the zone takes."""
        free = 1 << 30
        if (zone, instance_type) in self.capacity:
            free = self.capacity[zone, instance_type] - self.occupied[zone, instance_type]
        if (zone, "*") in self.capacity:
            there = sum(number for (where, _), number in self.occupied.items() if where == zone)
            free = min(free, self.capacity[zone, "*"] - there)
        return max(0, free)


def _dotted(number: int) -> str:
    return f"{number >> 24}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
