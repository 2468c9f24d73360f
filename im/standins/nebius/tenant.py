"""One tenant: its projects, machines, disks and operations, and how a machine goes from one state to the next as time passes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from im.standins.limits import Bucket
from im.standins.nebius import catalog
from im.standins.nebius.errors import conflict, exists, not_found, too_many
from im.standins.numbers import Numbers

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass
class Disk:
    id: str
    project: str
    name: str
    labels: dict[str, str]
    spec: bytes
    created: datetime
    gib: int
    machine: str | None = None
    managed: bool = False
    """It goes with its machine."""


@dataclass
class Machine:
    id: str
    project: str
    name: str
    labels: dict[str, str]
    spec: bytes
    kind: tuple[str, str]
    created: datetime
    number: int
    state: str = "CREATING"
    course: list[tuple[datetime, str]] = field(default_factory=list)
    """What becomes of it, and when; `gone` is the end."""
    disks: list[str] = field(default_factory=list)
    version: int = 1
    operation: str = ""
    """The last one."""
    seen_at: datetime | None = None
    """It does not show before; None: from the first."""


@dataclass
class Operation:
    id: str
    resource: str
    project: str
    request: str
    """The last word of the type of what was asked for."""
    created: datetime
    finished: datetime | None = None
    """None: it never ends; in the future: it runs."""
    failed: bytes = b""
    """google.rpc.Status of one that comes to nothing."""


@dataclass
class Group:
    """A security group, with a rule for each of its ids."""

    id: str
    project: str
    name: str
    labels: dict[str, str]
    network: str
    rules: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    """id → (name, SecurityRuleSpec)."""


@dataclass
class Tenant:
    """All that one service account can see."""

    name: str
    now: datetime
    takes: timedelta
    numbers: Numbers = field(default_factory=lambda: Numbers(0xA0001))
    machines: dict[str, Machine] = field(default_factory=dict)
    disks: dict[str, Disk] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    operations: dict[str, Operation] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    """Idempotency key → the operation that it stands for."""
    ever: list[str] = field(default_factory=list)
    """Every machine that was ever made, in order."""
    # what a test may set
    role: str = "editor"
    """Of the service account in its projects; `viewer`: it looks alone."""
    quota: int = 100
    full: set[tuple[str, str]] = field(default_factory=set)
    """(platform, region) without room, which shows in the operation alone."""
    advised: dict[tuple[str, str], str] = field(default_factory=dict)
    """(platform, region) → the level that the advice on capacity has, where that is not HIGH."""
    advises: bool = True
    """False: this service account may not see the tenant's advice on capacity."""
    shows_after: timedelta = timedelta(0)
    """How long a new machine takes to show."""
    calls: Bucket = field(init=False)

    def __post_init__(self) -> None:
        self.calls = Bucket.full(200, 50, self.now)

    @property
    def id(self) -> str:
        return f"tenant-e00{self.name}"

    def project_in(self, region: str) -> str:
        return f"project-{catalog.REGIONS[region]}{self.name}"

    def region_of(self, project: str) -> str:
        """Raises GrpcRefusal for a project that is not there."""
        for region in catalog.REGIONS:
            if self.project_in(region) == project:
                return region
        raise not_found(project)

    def new_id(self, kind: str, project: str) -> str:
        number, text = next(self.numbers), ""
        while number:
            number, digit = divmod(number, 36)
            text = _DIGITS[digit] + text
        return f"{kind}-{catalog.REGIONS[self.region_of(project)]}{text:0>14}"

    def settle(self, now: datetime) -> None:
        """Let happen what is due."""
        self.now = now
        for one in list(self.machines.values()):
            while one.course and one.course[0][0] <= now:
                _, one.state = one.course.pop(0)
            if one.state == "gone":
                self.remove(one)

    def remove(self, one: Machine) -> None:
        """With the disks that it manages; the others are free."""
        del self.machines[one.id]
        for name in one.disks:
            if self.disks[name].managed:
                del self.disks[name]
            else:
                self.disks[name].machine = None

    def take(self) -> None:
        if not self.calls.take(self.now):
            raise too_many()

    def visible(self) -> list[Machine]:
        return [one for one in self.machines.values() if one.seen_at is None or one.seen_at <= self.now]

    def machine(self, which: str) -> Machine:
        found = next((one for one in self.visible() if one.id == which), None)
        if found is None:
            raise not_found(which)
        return found

    def check_name(
        self, project: str, name: str, *things: dict[str, Machine] | dict[str, Disk] | dict[str, Group]
    ) -> None:
        """Names are unique among what is of one kind in a project."""
        for kind in things:
            if any((one.project, one.name) == (project, name) for one in kind.values()):
                raise exists(name)

    def check_idle(self, one: Machine) -> None:
        if one.course:
            raise conflict(one.operation)

    def operate(self, request: str, resource: str, project: str, lasts: timedelta, failed: bytes = b"") -> Operation:
        made = Operation(
            f"operation-{next(self.numbers)}", resource, project, request, self.now, self.now + lasts, failed
        )
        self.operations[made.id] = made
        return made

    def go(self, one: Machine, *states: str) -> None:
        """The first now, the last when `takes` is over, those between in even steps."""
        one.state, rest = states[0], states[1:]
        step = self.takes / max(1, len(rest))
        one.course = [(self.now + step * n, state) for n, state in enumerate(rest, 1)]
        one.version += 1
