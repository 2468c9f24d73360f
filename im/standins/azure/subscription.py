"""One subscription: what is in it, and how a machine goes from one state to the next as time passes."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from im.standins.limits import Bucket
from im.standins.numbers import Numbers

if TYPE_CHECKING:
    from im.standins.azure.schedule import Order

RESERVED = timedelta(seconds=180)
"""For so long the interface of a machine that could not be made is reserved for it."""
_PROVIDERS = "providers"


@dataclass
class Operation:
    """Work of Azure's: under way until `ends`, and then done, or failed with (code, message)."""

    id: str
    started: datetime
    ends: datetime
    location: str
    error: tuple[str, str] | None = None

    def shown(self, now: datetime) -> dict[str, Any]:
        over = now >= self.ends
        shown: dict[str, Any] = {
            "name": self.id,
            "startTime": self.started.isoformat(),
            "status": "InProgress" if not over else "Failed" if self.error else "Succeeded",
        }
        if over:
            shown["endTime"] = self.ends.isoformat()
        if over and self.error:
            shown["error"] = {"code": self.error[0], "message": self.error[1]}
        return shown


@dataclass
class Machine:
    """A virtual machine: `body` is what was asked for, as it stands now."""

    name: str
    group: str
    vm_id: str
    body: dict[str, Any]
    created: datetime
    provisioning: str = "Creating"
    power: str | None = None
    """The word after `PowerState/`; None where there is none."""
    error: tuple[str, str] | None = None
    """Of the last operation, where that failed."""
    course: list[tuple[datetime, str, str | None]] = field(default_factory=list)
    """What becomes of it, and when: provisioning and power state; `gone` is the end."""
    in_lists_from: datetime | None = None
    """Until then it is known by its name alone: lists are older than the truth."""
    etag: int = 1
    hibernated: bool = False
    """Its memory is kept; told of it while it is deallocated."""
    changes: Bucket | None = None
    ends: Bucket | None = None
    looks: Bucket | None = None

    @property
    def location(self) -> str:
        return str(self.body["location"])

    @property
    def size(self) -> str:
        return str(self.body["properties"]["hardwareProfile"]["vmSize"])

    @property
    def spot(self) -> bool:
        return self.body["properties"].get("priority") in ("Spot", "Low")


@dataclass
class Part:
    """Anything else that has a name in a group: an interface, an address, a disk, a network, a set of rules."""

    kind: str
    """As in its path: `Microsoft.Network/networkInterfaces`."""
    name: str
    group: str
    body: dict[str, Any]
    owner: str = ""
    """The path of what it is attached to."""
    goes_along: bool = False
    """It is deleted with its owner."""
    reserved: tuple[str, datetime] | None = None
    """For which machine it is kept free, and until when."""
    ready_at: datetime | None = None


@dataclass
class Subscription:
    """All that one account has."""

    id: str
    now: datetime
    takes: timedelta
    numbers: Numbers = field(default_factory=lambda: Numbers(1001))
    state: str = "Enabled"
    groups: dict[str, dict[str, Any]] = field(default_factory=dict)
    machines: dict[str, Machine] = field(default_factory=dict)
    """By path, in lower case, as everything here."""
    parts: dict[str, Part] = field(default_factory=dict)
    locks: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Path of what is locked → the lock."""
    operations: dict[str, Operation] = field(default_factory=dict)
    unregistered: set[str] = field(default_factory=set)
    cores: int = 1000
    """The quota of each location."""
    lacking: set[tuple[str, str]] = field(default_factory=set)
    """(size, zone or location) that is refused only once it was accepted."""
    restricted: set[tuple[str, str]] = field(default_factory=set)
    """(size, location) that this subscription may not have."""
    failing: list[tuple[str, str, str]] = field(default_factory=list)
    """(verb, code, message): the next such verb is accepted, and fails."""
    lag: timedelta = timedelta(0)
    """How old lists are for what is new."""
    silent: set[str] = field(default_factory=set)
    """Names of machines whose power state no list of states shows."""
    networks_take: timedelta = timedelta(0)
    page: int = 50
    orders: dict[str, Order] = field(default_factory=dict)
    """What ComputeSchedule is to do, and has done."""
    conflict_within: timedelta = timedelta(0)
    """No second order is taken for a machine whose moment is so near to another's."""
    allowed: frozenset[str] | None = None
    """Actions that whoever asks may do; None: all."""
    ever: list[str] = field(default_factory=list)
    """Names of all machines that were ever made, in order."""
    reads: Bucket = field(init=False)
    writes: Bucket = field(init=False)
    deletes: Bucket = field(init=False)
    lists: Bucket = field(init=False)

    def __post_init__(self) -> None:
        self.reads = Bucket.full(250, 25, self.now)
        self.writes = Bucket.full(200, 10, self.now)
        self.deletes = Bucket.full(200, 10, self.now)
        self.lists = Bucket.full(900, 5, self.now)

    def settle(self, now: datetime) -> None:
        """Let happen what is due."""
        self.now = now
        for key, machine in list(self.machines.items()):
            while machine.course and machine.course[0][0] <= now:
                _, machine.provisioning, machine.power = machine.course.pop(0)
                machine.etag += 1
            if machine.provisioning == "gone":
                self._remove(key)

    def _remove(self, key: str) -> None:
        del self.machines[key]
        self.release(key)
        self.locks.pop(key, None)

    def release(self, owner: str) -> None:
        """What was attached to `owner` goes with it, or is free from now on."""
        for path, part in list(self.parts.items()):
            if part.owner == owner:
                part.owner = ""
                if part.goes_along:
                    self.parts.pop(path, None)
                    self.release(path)

    # ---- beginnings --------------------------------------------------------------------------------------------------

    def begin(self, verb: str, location: str, lasts: timedelta | None = None) -> Operation:
        """An operation; it fails where that was planned."""
        planned = next((one for one in self.failing if one[0] == verb), None)
        error = None
        if planned is not None:
            self.failing.remove(planned)
            error = planned[1:]
        made = Operation(
            str(uuid.uuid5(uuid.UUID(self.id), f"operation {next(self.numbers)}")),
            self.now,
            self.now + (self.takes if lasts is None else lasts),
            location,
            error,
        )
        self.operations[made.id] = made
        return made

    def go(self, machine: Machine, power: str | None, final: str | None, *, provisioning: str = "Updating") -> None:
        """Be in one state at once, and in the other when it has taken its time."""
        machine.provisioning, machine.power, machine.error = provisioning, power, None
        machine.course = [(self.now + self.takes, "Succeeded", final)]

    def used_cores(self, location: str, cores: dict[str, int]) -> int:
        counted = (m for m in self.machines.values() if m.location == location and m.provisioning != "Failed")
        return sum(cores.get(one.size, 0) for one in counted)

    # ---- paths -------------------------------------------------------------------------------------------------------

    def path(self, group: str, kind: str, name: str) -> str:
        return f"/subscriptions/{self.id}/resourceGroups/{group}/{_PROVIDERS}/{kind}/{name}"

    def part(self, group: str, kind: str, name: str) -> Part | None:
        return self.parts.get(self.path(group, kind, name).lower())

    def add(self, part: Part) -> Part:
        self.parts[self.path(part.group, part.kind, part.name).lower()] = part
        return part

    def of_kind(self, kind: str, group: str = "") -> list[Part]:
        return [
            one
            for one in self.parts.values()
            if one.kind.lower() == kind.lower() and group.lower() in ("", one.group.lower())
        ]
