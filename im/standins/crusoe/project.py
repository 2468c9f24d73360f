"""One project: its machines and the operations on them, and how each comes to its end as time passes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from im.standins.crusoe import catalog
from im.standins.limits import Bucket
from im.standins.numbers import Numbers

OS_GIB = 128


@dataclass
class Machine:
    id: str
    name: str
    kind: str
    location: str
    made_at: datetime
    image: str = ""
    script: str = ""
    key: str = ""
    disks: list[str] = field(default_factory=list)
    """Data disks that are attached."""
    state: str = "INITIALIZING"
    changed_at: datetime | None = None
    course: list[tuple[datetime, str]] = field(default_factory=list)
    """What becomes of it, and when; `gone` is the end."""
    seen_at: datetime | None = None
    """It does not show before; None: from the first."""


@dataclass
class Operation:
    id: str
    machine: str
    began_at: datetime
    ends_at: datetime
    failure: tuple[str, str] | None = None
    """(code, message) of one that comes to nothing."""
    told: bool = False
    """Somebody has asked for it since it ended: no list shows it any more."""

    def state(self, now: datetime) -> str:
        return "IN_PROGRESS" if now < self.ends_at else "FAILED" if self.failure else "SUCCEEDED"


@dataclass
class Project:
    """All that one key can see."""

    name: str
    now: datetime
    takes: timedelta
    numbers: Numbers = field(default_factory=Numbers)
    machines: dict[str, Machine] = field(default_factory=dict)
    operations: dict[str, Operation] = field(default_factory=dict)
    disks: dict[str, dict[str, Any]] = field(default_factory=dict)
    ever: list[str] = field(default_factory=list)
    """Every machine that was ever made, in order: none of those whose operation came to nothing."""
    ended: list[str] = field(default_factory=list)
    """The same of those that were asked to end."""
    # what a test may set
    quota: int = 100
    page: int = 20
    rooms: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Type → locations with room, where that is not what the catalogue says."""
    lacking: set[tuple[str, str]] = field(default_factory=set)
    """(type, location) whose operations end without room, though the capacities say that there is some."""
    leaves_errors: bool = False
    """A launch that came to nothing leaves a machine in an error behind."""
    shows_after: timedelta = timedelta(0)
    """How long a new machine takes to show."""
    skew: timedelta | None = None
    """So far may the time of a request be from ours; None: as far as it likes."""
    calls: Bucket = field(init=False)

    def __post_init__(self) -> None:
        self.calls = Bucket.full(120, 4, self.now)

    @property
    def id(self) -> str:
        return f"{self.name.encode().hex()[:8]:0<8}-0000-4000-8000-{'0' * 12}"

    def number(self) -> str:
        return f"{next(self.numbers):08x}-1111-4111-8111-{'1' * 12}"

    def settle(self, now: datetime) -> None:
        """Let happen what is due."""
        self.now = now
        for one in list(self.machines.values()):
            while one.course and one.course[0][0] <= now:
                one.changed_at, one.state = one.course.pop(0)
            if one.state == "gone":
                del self.machines[one.id]

    def visible(self) -> list[Machine]:
        return [one for one in self.machines.values() if one.seen_at is None or one.seen_at <= self.now]

    def room(self, kind: str) -> tuple[str, ...]:
        return self.rooms.get(kind, catalog.TYPES[kind].locations)

    def has_room(self, kind: str, location: str) -> bool:
        return location in self.room(kind) and (kind, location) not in self.lacking

    def begin(self, machine: str, failure: tuple[str, str] | None = None) -> dict[str, Any]:
        one = Operation(self.number(), machine, self.now, self.now + self.takes, failure)
        self.operations[one.id] = one
        return {"operation": self.operation(one)}

    def turn(self, one: Machine, passing: str, end: str) -> None:
        one.state, one.changed_at, one.course = passing, self.now, [(self.now + self.takes, end)]

    # ---- as the API shows them ----

    def operation(self, one: Operation) -> dict[str, Any]:
        state = one.state(self.now)
        over = "" if state == "IN_PROGRESS" else written(one.ends_at)
        told = {
            "operation_id": one.id,
            "state": state,
            "metadata": {"id": one.machine},
            "started_at": written(one.began_at),
        }
        result: dict[str, Any] = {}
        if state == "FAILED" and one.failure is not None:
            result = {"code": one.failure[0], "message": one.failure[1]}
        return {**told, "completed_at": over, "result": result}

    def machine(self, one: Machine) -> dict[str, Any]:
        number = int(one.id[:8], 16)
        running = one.state == "RUNNING"
        public = {
            "address": f"203.0.{number // 250 % 250}.{number % 250 + 1}" if running else "",
            "type": "dynamic",
            "id": f"{number:08x}-7777-4777-8777-{'7' * 12}",
        }
        private = (
            {"address": f"10.0.0.{number % 250}"} if one.state not in ("INITIALIZING", "ERROR") else {"address": ""}
        )
        interface = {
            "id": f"{number:08x}-2222-4222-8222-{'2' * 12}",
            "name": "ens3",
            "network": f"{'3' * 8}-3333-4333-8333-{'3' * 12}",
            "subnet": f"{'4' * 8}-4444-4444-8444-{'4' * 12}",
            "interface_type": "ethernet",
            "mac_address": "00:00:5e:00:53:af",
            "ips": [{"public_ipv4": public, "private_ipv4": private}],
            "external_dns_name": "",
        }
        system = self.disk(f"{number:08x}-5555-4555-8555-{'5' * 12}", f"{one.name}-os", f"{OS_GIB}GiB", one)
        disks = [{**system, "attachment_type": "os", "mode": "read-write"}]
        disks += [{**self.disks[data], "attachment_type": "data", "mode": "read-write"} for data in one.disks]
        return {
            "id": one.id,
            "project_id": self.id,
            "name": one.name,
            "type": one.kind,
            "location": one.location,
            "state": f"STATE_{one.state}",
            "created_at": written(one.made_at),
            "updated_at": written(one.changed_at or one.made_at),
            "disks": disks,
            "network_interfaces": [interface],
            "host_channel_adapters": [],
            "maintenance_policy": "unspecified",
            "billing_type": "On-demand",
        }

    def disk(self, number: str, name: str, size: str, one: Machine) -> dict[str, Any]:
        told = {"id": number, "name": name, "type": "persistent-ssd", "size": size, "location": one.location}
        more = {"block_size": 4096, "serial_number": number[:8].upper()}
        return {**told, **more, "created_at": written(one.made_at), "updated_at": written(one.made_at)}


def written(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
