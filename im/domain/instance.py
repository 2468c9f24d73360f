"""What an instance is: what is desired of it, what was last observed, and the facts around the two."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from im.domain.cause import UNTOLD, Cause


class Desired(StrEnum):
    """What people and the deadline want. `terminated` absorbs: nothing leads out of it."""

    RUNNING = "running"
    STOPPED = "stopped"
    TERMINATED = "terminated"


class Observed(StrEnum):
    """What the cloud last said. `none`: no machine was ever seen; `missing`: one was, and is gone without a word."""

    NONE = "none"
    PENDING = "pending"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    TERMINATING = "terminating"
    TERMINATED = "terminated"
    MISSING = "missing"


class Why(StrEnum):
    """Whose hand set `desired`."""

    USER = "user"
    TTL = "ttl"
    OUTSIDE = "outside"
    SPOT = "spot"
    """The cloud has taken a spot machine back."""
    GUEST = "guest"
    """It was shut down from within."""
    RETIRED = "retired"
    """The cloud stopped or ended it as announced, to retire or maintain its hardware."""
    CLOUD = "cloud"
    """The cloud could not start it, or let it run on; the row's error has its words."""


class OnExpiry(StrEnum):
    """What the deadline does; fixed at create from what the provider can do."""

    STOP = "stop"
    TERMINATE = "terminate"

    @property
    def desired(self) -> Desired:
        return Desired.STOPPED if self is OnExpiry.STOP else Desired.TERMINATED


GONE = frozenset({Observed.TERMINATED, Observed.MISSING})
ALIVE = frozenset({Observed.PENDING, Observed.RUNNING})
"""The states in which a machine bills for computing."""


@dataclass(frozen=True, slots=True, order=True)
class Scope:
    """Where an instance lives: one set of credentials and one endpoint. `account` is the name our settings give it."""

    provider: str
    account: str
    region: str

    def __str__(self) -> str:
        return f"{self.provider}/{self.account}/{self.region}"


@dataclass(frozen=True, slots=True)
class Spec:
    """What to launch, in terms every cloud has; `options` holds what only this provider understands (JSON values)."""

    instance_type: str
    zone: str
    image: str
    public_key: str
    ssh_user: str
    owner: str
    options: Mapping[str, Any] = field(default_factory=dict)
    user_data: bytes | None = field(default=None, repr=False)
    """What the machine runs at its first start. It may hold secrets, so it is never stored or shown with the spec."""


def tags_of(spec: Spec) -> dict[str, str]:
    """The tags that a person gave; ours are not among them."""
    return {str(key): str(value) for key, value in (spec.options.get("tags") or {}).items()}


def public_ip_of(spec: Spec) -> bool | None:
    """Whether somebody wished it a public address, or none; None: the network decides."""
    wished = spec.options.get("public_ip")
    return None if wished is None else bool(wished)


@dataclass(frozen=True, slots=True)
class Sighting:
    """One machine as the cloud showed it at one moment. A thin sighting carries id and state only."""

    provider_id: str
    state: Observed
    zone: str = ""
    public_ip: str | None = None
    private_ip: str | None = None
    launched_at: datetime | None = None
    reason: str = ""
    """Why the cloud says it is in this state, in the cloud's own words."""
    tags: Mapping[str, str] = field(default_factory=dict)
    launch_index: int = 0
    """The machine's place in the call that launched it."""
    changed_at: datetime | None = None
    """When, by the cloud's own word, it came into this state; None where the cloud does not say."""
    disk_gb: int | None = None
    disk_type: str | None = None
    """Its root disk, with the volumes of the same type; told by the launch alone."""
    instance_type: str = ""
    image: str = ""
    ssh_user: str = ""
    """Who logs in, where the image says so; told by the launch alone."""
    windows: bool = False
    """The price of its hours holds the licence of Windows."""
    spot_request: str = ""
    """The cloud's request behind a spot machine, which may bring another one after it."""
    operator: str = ""
    """The service that alone may change it, where the cloud runs it for one."""
    was: Observed | None = None
    """What it was as it was asked to change, where this is the answer to that."""
    cause: Cause = UNTOLD
    """Of a machine that stopped or ended: whose hand it was."""
    interrupted: bool = False
    """It was stopped or ended by the cloud, which needs its spare room back; only the cloud starts it again."""


@dataclass(frozen=True, slots=True)
class Instance:
    """One row, whole. All datetimes are UTC and were read from the database's clock or from the cloud."""

    id: str
    name: str
    owner: str
    scope: Scope
    spec: Spec
    created_at: datetime

    desired: Desired
    why: Why
    by: str
    """Who last changed `desired` or the deadline."""
    expires_at: datetime
    on_expiry: OnExpiry
    generation: int
    settled_generation: int
    failed_generation: int
    """The generation whose request was given up for good; 0 when none was."""

    observed: Observed
    observed_at: datetime
    provider_id: str | None = None
    zone: str = ""
    public_ip: str | None = None
    private_ip: str | None = None
    launched_at: datetime | None = None
    launch_token: str | None = None
    """The launch that made or may yet make the machine; None once every attempt was definitely refused."""
    candidate: int = 0
    """Which of the spec's places (im.domain.placement) is tried, or was taken."""

    error_code: str | None = None
    error: str | None = None
    attempts: int = 0
    next_attempt_at: datetime | None = None
    unsure: Mapping[str, datetime] = field(default_factory=dict)
    """Steps of ours whose outcome nobody knows, and since when: they may still take effect."""
    drift_since: datetime | None = None
    """When a listing first showed a settled row in another stable state, or without its machine."""
    closed_at: datetime | None = None

    keep_stopped: timedelta | None = None
    """How long it is kept once its TTL has stopped it; None: for good."""
    ends_at: datetime | None = None
    """When it is terminated, written when it was seen stopped by its TTL; any request clears it."""
    protected: bool = False
    """Nobody may terminate it, the second deadline neither."""
    protected_at_cloud: bool | None = False
    """Whether the cloud guards it too; None while that is being changed."""
    spot_request: str | None = None
    """The cloud's request behind a spot machine; None for any other."""
    interrupted_at: datetime | None = None
    """When the cloud was seen to have taken it back; None again once anybody else stops or ends it."""

    @property
    def stopped_by_ttl(self) -> bool:
        """Asleep since its deadline; the second one counts from here."""
        asleep = self.desired is Desired.STOPPED and self.observed is Observed.STOPPED and self.closed_at is None
        return asleep and self.why is Why.TTL and self.settled

    @property
    def settled(self) -> bool:
        return self.settled_generation == self.generation

    @property
    def failed(self) -> bool:
        return self.failed_generation == self.generation

    @property
    def launching(self) -> bool:
        """A launch may still bring a machine."""
        return self.observed is Observed.NONE and self.launch_token is not None

    @property
    def arriving(self) -> bool:
        """Somebody named a machine that we did not make, and it has not been taken in yet: it may be anybody's."""
        return self.observed is Observed.NONE and self.provider_id is not None


class LaunchState(StrEnum):
    """How far an attempt to launch has come. Only the cloud's own word leads to `done` or `refused`."""

    OPEN = "open"
    CALLED = "called"
    DONE = "done"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Launch:
    """One call to the cloud for `len(slots)` machines; immutable once called, so that it can be repeated to the letter."""

    token: str
    scope: Scope
    spec: Spec
    slots: tuple[str, ...]
    """Instance ids in order: the n-th machine of the answer fills the n-th slot."""
    names: tuple[str, ...]
    state: LaunchState
    attempts: int
    called_at: datetime | None
    """When the first call went out; an answer may be outstanding ever since."""
    candidate: int = 0
    round: int = 0
    """How often every place has refused before."""
