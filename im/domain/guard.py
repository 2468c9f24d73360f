"""The guard: a stop that the cloud itself carries out some time after a deadline, though all of im be gone by then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from im.domain.state import GONE, Observed, OnExpiry

if TYPE_CHECKING:
    from im.domain.instance import Instance
    from im.domain.sighting import Sighting


class GuardKind(StrEnum):
    NONE = "none"
    NATIVE = "native"
    """The cloud's own means, where it has any (`capabilities.native_deadline`)."""

    @classmethod
    def _missing_(cls, value: object) -> GuardKind | None:
        """`scheduler` is how it was called when one cloud alone had any; rows, settings and scripts may still say so."""
        return cls.NATIVE if value == "scheduler" else None


WORDS = ("none", "native", "scheduler")
"""Every spelling that is taken."""


TOO_NEAR = timedelta(seconds=10)
"""A guard is not set for a moment that has come: by then it is for us to stop it."""
FIRES_WITHIN = timedelta(minutes=15)
"""How long after its moment a guard may take effect: clouds promise a minute, and try again what fails."""
SKEW = timedelta(minutes=1)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Guard:
    """What stands at the cloud for one instance, as far as is known."""

    instance_id: str
    kind: GuardKind
    grace: timedelta
    told_at: datetime | None
    """The moment that the cloud has confirmed; None when none is set."""
    asked_at: datetime | None
    """The moment asked for in a call whose outcome nobody knows yet."""
    error: str | None = None
    ahead: timedelta | None = None
    """So far ahead the cloud takes a moment at most; None: as far as one likes."""

    @property
    def moments(self) -> tuple[datetime, ...]:
        """Every moment at which it may fire."""
        return tuple(at for at in (self.told_at, self.asked_at) if at is not None)


def wanted(
    row: Instance, grace: timedelta, paused_until: datetime | None = None, farthest: datetime | None = None
) -> datetime | None:
    """When the cloud should stop it by itself; None when nothing can run. Clouds count in whole seconds.

    While deadlines are paused the guard waits with them: a pause that outlives im ends by itself too. What is due after
    `farthest` is set for then, and moved on from day to day as long as somebody of us is there.
    """
    if row.closed_at is not None or row.provider_id is None:
        return None
    if row.observed in GONE or row.observed in (Observed.NONE, Observed.STOPPED, Observed.TERMINATING):
        return None
    at = max(row.expires_at, paused_until or row.expires_at) + grace
    at = at.replace(microsecond=0) + timedelta(seconds=1 if at.microsecond else 0)
    return min(at, farthest) if farthest is not None else at


def ends(what: OnExpiry, *, terminates: bool) -> OnExpiry:
    """What a cloud alone does where the deadline is to do `what`: it makes no snapshot, and not every one `terminates`."""
    return OnExpiry.TERMINATE if what is OnExpiry.TERMINATE and terminates else OnExpiry.STOP


def farthest(now: datetime, ahead: timedelta | None) -> datetime | None:
    """The latest moment that is asked of a cloud which takes none more than `ahead` from now: the same all day long (UTC)."""
    if ahead is None:
        return None
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + ahead - _DAY


def fired(guard: Guard, row: Instance, seen: Sighting, now: datetime) -> datetime | None:
    """The moment of the guard that stopped this machine though there is time left; None when it was somebody else.

    The cloud dates the stop: it has to lie where the guard's does. Without a date, the guard must have been due just now.
    """
    if seen.state is not Observed.STOPPED or row.expires_at <= now:
        return None
    for at in guard.moments:
        stopped_at = seen.changed_at or (now if now - at < FIRES_WITHIN else None)
        if at <= now and stopped_at is not None and at - SKEW <= stopped_at <= at + FIRES_WITHIN:
            return at
    return None
