"""One project: its machines and what they are made of, and how a machine goes from one state to the next as time passes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from im.standins.gcp import catalog, errors
from im.standins.numbers import Numbers

if TYPE_CHECKING:
    from im.standins.gcp.tasks import Task

_OFFICE = timezone(timedelta(hours=-7))
HOST = "https://www.googleapis.com/compute/v1"


def moment(at: datetime) -> str:
    """Times are told with the offset of wherever Google's office is."""
    return at.astimezone(_OFFICE).isoformat(timespec="milliseconds")


@dataclass
class Operation:
    id: int
    name: str
    kind: str
    zone: str | None
    target: str
    target_id: int
    user: str
    began: datetime
    ends: datetime
    error: dict[str, Any] | None = None
    status: int = 0
    """Of the error, as HTTP has it."""


@dataclass
class Disk:
    id: int
    name: str
    zone: str
    kind: str
    gb: int
    labels: dict[str, str]
    made: datetime
    image: str = ""
    auto_delete: bool = True
    user: int | None = None


@dataclass
class Machine:
    id: int
    name: str
    zone: str
    kind: str
    body: dict[str, Any]
    labels: dict[str, str]
    made: datetime
    disks: list[str]
    shown_from: datetime
    """Before it, no list shows the machine."""
    status: str = "PROVISIONING"
    course: list[tuple[datetime, str]] = field(default_factory=list)
    """What becomes of it, and when; `gone` is the end."""
    started: datetime | None = None
    stopped: datetime | None = None
    protected: bool = False
    address: str = ""

    @property
    def tags(self) -> list[str]:
        return list((self.body.get("tags") or {}).get("items") or [])

    @property
    def metadata(self) -> dict[str, str]:
        return {one["key"]: one["value"] for one in (self.body.get("metadata") or {}).get("items") or []}


@dataclass
class Project:
    """All that there is in one project."""

    name: str
    now: datetime
    takes: timedelta
    numbers: Numbers = field(default_factory=lambda: Numbers(4_000_000_000_000_000_001))
    machines: dict[int, Machine] = field(default_factory=dict)
    disks: dict[tuple[str, str], Disk] = field(default_factory=dict)
    firewalls: dict[str, dict[str, Any]] = field(default_factory=dict)
    networks: set[str] = field(default_factory=lambda: {"default"})
    operations: dict[str, Operation] = field(default_factory=dict)
    requests: dict[str, str] = field(default_factory=dict)
    """requestId → the name of the operation that it began."""
    lacking: set[tuple[str, str]] = field(default_factory=set)
    """(type, zone) without room: told when the machine was half made."""
    sleepless: set[str] = field(default_factory=set)
    """Types that are never suspended."""
    restless: set[str] = field(default_factory=set)
    """Types whose suspension is accepted, and comes to nothing."""
    most_machines: int = 1000
    blind: timedelta = timedelta(0)
    """For so long no list shows a new machine."""
    unreachable: set[str] = field(default_factory=set)
    """Zones that no list shows now."""
    refuses_partial: bool = False
    oslogin: bool = False
    granted: set[str] | None = None
    """Permissions; None: all."""
    used: set[str] = field(default_factory=set)
    """Those that calls needed."""
    tasks: dict[tuple[str, str], Task] = field(default_factory=dict)
    """(region, name) → what waits in the queue there."""
    task_names: dict[tuple[str, str], datetime] = field(default_factory=dict)
    """Names of tasks that are gone, and until when they are not free."""
    queues: set[str] = field(default_factory=lambda: set(catalog.ZONES))
    """Regions that have the queue of guards."""
    paused_queues: set[str] = field(default_factory=set)
    guard_account: bool = True
    """There is the service account that tasks call as."""
    guard_lent: bool = True
    """The caller may act as it."""
    guard_granted: set[str] | None = None
    """What that account may do; None: all."""
    apis_off: set[str] = field(default_factory=set)
    caller: str = ""
    """Who calls just now; empty: the workers."""
    writes_a_minute: int = 1500
    reads_a_minute: int = 1500
    _windows: dict[str, tuple[int, int]] = field(default_factory=dict)
    ever: list[int] = field(default_factory=list)
    """Every machine that was ever made, in order."""

    # ---- time ----

    def settle(self, now: datetime) -> None:
        """Let happen what is due."""
        self.now = now
        for one in list(self.machines.values()):
            while one.course and one.course[0][0] <= now:
                at, status = one.course.pop(0)
                self._become(one, status, at)

    def _become(self, one: Machine, status: str, at: datetime) -> None:
        if status == "gone":
            self._remove(one)
            return
        one.status = status
        if status == "RUNNING":
            one.started, one.address = at, f"34.{one.id // 62500 % 250}.{one.id // 250 % 250}.{one.id % 250 + 1}"
        if status == "TERMINATED":
            one.stopped, one.address = at, ""
        if status == "SUSPENDED":
            one.address = ""

    def _remove(self, one: Machine) -> None:
        self.machines.pop(one.id, None)
        for name in one.disks:
            disk = self.disks.get((one.zone, name))
            if disk is not None:
                disk.user = None
                if disk.auto_delete:
                    del self.disks[one.zone, name]

    def go(self, one: Machine, *ways: str) -> None:
        """Be in the first of `ways` at once, and in each next one when it has taken its time."""
        one.status = ways[0]
        one.course = [(self.now + self.takes * at / (len(ways) - 1), way) for at, way in enumerate(ways) if at]

    def window(self, group: str, most: int) -> bool:
        """Is there one call left in this minute?"""
        minute = int(self.now.timestamp() // 60)
        began, made = self._windows.get(group, (minute, 0))
        made = made + 1 if began == minute else 1
        self._windows[group] = (minute, made)
        return made <= most

    # ---- operations ----

    def operate(
        self, kind: str, zone: str | None, target: str, target_id: int, lasts: timedelta | None = None, user: str = ""
    ) -> Operation:
        number = next(self.numbers)
        name = f"operation-{number}-{hashlib.sha256(str(number).encode()).hexdigest()[:12]}"
        who = user or self.caller or f"im@{self.name}.iam.gserviceaccount.com"
        ends = self.now + (self.takes if lasts is None else lasts)
        self.operations[name] = made = Operation(number, name, kind, zone, target, target_id, who, self.now, ends)
        return made

    def once(self, request_id: str, begin: Callable[[], Operation]) -> Operation:
        """What was asked under this id before is not done again: its operation is shown as it stands."""
        if request_id and request_id in self.requests:
            return self.operations[self.requests[request_id]]
        made = begin()
        if request_id:
            self.requests[request_id] = made.name
        return made

    def shown(self, one: Operation) -> dict[str, Any]:
        over = self.now >= one.ends
        where = f"zones/{one.zone}" if one.zone else "global"
        made: dict[str, Any] = {
            "kind": "compute#operation",
            "id": str(one.id),
            "name": one.name,
            "operationType": one.kind,
            "targetLink": f"{self.base}/{one.target}",
            "targetId": str(one.target_id),
            "status": "DONE" if over else "RUNNING",
            "user": one.user,
            "progress": 100 if over else 0,
            "insertTime": moment(one.began),
            "startTime": moment(one.began),
            "selfLink": f"{self.base}/{where}/operations/{one.name}",
        }
        if one.zone:
            made["zone"] = f"{self.base}/zones/{one.zone}"
        if over:
            made["endTime"] = moment(one.ends)
        if over and one.error is not None:
            made |= {"error": {"errors": [one.error]}, "httpErrorStatusCode": one.status, "httpErrorMessage": "FAILED"}
        return made

    @property
    def base(self) -> str:
        return f"{HOST}/projects/{self.name}"

    # ---- what others do ----

    def event(self, kind: str, one: Machine) -> None:
        """Something of the cloud's own happened to a machine."""
        path = f"zones/{one.zone}/instances/{one.name}"
        self.operate(kind, one.zone, path, one.id, timedelta(0), "system")

    def preempt(self, one: Machine) -> None:
        """Its room is needed."""
        self.event("compute.instances.preempted", one)
        ends = (one.body.get("scheduling") or {}).get("instanceTerminationAction")
        self.go(one, "STOPPING", "gone" if ends == "DELETE" else "TERMINATED")

    def find(self, zone: str, said: str) -> Machine:
        """By name or number."""
        for one in self.machines.values():
            if one.zone == zone and said in (one.name, str(one.id)):
                return one
        if zone not in catalog.ALL_ZONES:
            raise errors.not_found(f"projects/{self.name}/zones/{zone}")
        raise errors.not_found(f"projects/{self.name}/zones/{zone}/instances/{said}")
