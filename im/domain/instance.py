"""What an instance is: what is desired of it, what was last observed, and the facts around the two."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from im.domain.orphan import LABEL_CHANGED
from im.domain.spec.terms import Terms, terms_in
from im.domain.state import Desired, Observed, OnExpiry, Shelf, Why

if TYPE_CHECKING:
    from im.domain.scope import Scope
    from im.domain.spec.spec import Spec

WAITS_FOR = "waits_for"
"""Of a provider's notes, the one that people read: why a machine is still on its way."""
_ON_THE_WAY = (Observed.PENDING, Observed.STOPPING, Observed.TERMINATING)


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
    """Which of the spec's places (im.domain.spec.placement) is tried, or was taken."""

    error_code: str | None = None
    error: str | None = None
    attempts: int = 0
    next_attempt_at: datetime | None = None
    uncertain_steps: Mapping[str, datetime] = field(default_factory=dict)
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
    provider_notes: Mapping[str, Any] = field(default_factory=dict)
    """What its provider wants to be told again whenever it is asked for this machine; others read WAITS_FOR and `terms` alone."""
    spot_request: str | None = None
    """The cloud's request behind a spot machine; None for any other."""
    interrupted_at: datetime | None = None
    """When the cloud was seen to have taken it back; None again once anybody else stops or ends it."""
    shelves: bool = False
    """`on_expiry` is SHELVE: written beside `stop`, which is what a worker makes of it that cannot shelve."""
    shelve_generation: int = 0
    """The generation in which it was to be shelved: whatever is asked for later is another one."""
    shelf: Shelf = Shelf.NONE

    @property
    def waits_for(self) -> str:
        """Why it is still on its way, in people's words, where its cloud says so; empty otherwise."""
        return str(self.provider_notes.get(WAITS_FOR, "")) if self.observed in _ON_THE_WAY else ""

    @property
    def terms(self) -> Terms:
        """What its cloud tells of this machine alone."""
        return terms_in(self.provider_notes)

    @property
    def to_shelve(self) -> bool:
        """It is to be stopped, and then to give way to a snapshot of itself."""
        return self.desired is Desired.STOPPED and self.shelve_generation == self.generation

    @property
    def shelved(self) -> bool:
        """There is no machine: what there is of it is its snapshot."""
        return self.shelf is Shelf.SHELVED and self.observed is Observed.NONE and self.closed_at is None

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
    def label_changed(self) -> bool:
        """Its machine runs on or rests, and says at the cloud no longer that it is ours."""
        return self.error_code == LABEL_CHANGED and self.closed_at is None

    @property
    def launching(self) -> bool:
        """A launch may still bring a machine."""
        return self.observed is Observed.NONE and self.launch_token is not None

    @property
    def being_adopted(self) -> bool:
        """Somebody named a machine that we did not make, and it has not been taken in yet: it may be anybody's."""
        return self.observed is Observed.NONE and self.provider_id is not None
