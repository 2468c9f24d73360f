"""When a machine ran and when its disk existed, from what the cloud said: the intervals that cost is computed from.

A gap in our watching does not lose time, because the cloud dates both ends of a run. The launch time is when the present run
began; the date beside a state is when it ended. Where the cloud dates an end we use it. Where it does not, the run
counts until the first look that shows otherwise, and `sure_until` keeps the last look that still showed it running: what lies
between the two is doubt, counted as running and said aloud. So cost is never less than what the cloud will bill.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from im.domain.state import GONE, Observed

SKEW = timedelta(minutes=1)
"""A date of the cloud's may lie this far after our own look: the two clocks differ."""

_UP = frozenset({Observed.RUNNING, Observed.HALTED})
"""States that are charged for as computing."""
_DOWN = GONE | {Observed.STOPPING, Observed.STOPPED, Observed.TERMINATING}
"""States in which no computing goes on. Pending is not billed either, but the launch time
counts it; a few seconds too many are better than a run begun nowhere."""


class Kind(StrEnum):
    RUN = "run"
    """The machine computes."""
    DISK = "disk"
    """The machine exists, running or not, and so does its disk."""


@dataclass(frozen=True, slots=True)
class UsageInterval:
    """One interval of one kind; `number` counts them up for each instance and kind."""

    instance_id: str
    kind: Kind
    number: int
    began_at: datetime
    began_exactly: bool
    """The cloud dated the beginning; otherwise it is our first look that showed it."""
    not_before: datetime
    """The earliest it can have begun: the end of the one before, or the creation of the row."""
    ended_at: datetime | None = None
    sure_until: datetime | None = None
    """The last look that still showed it going on; None while looks do, and where the cloud dated the end."""
    address: bool = False
    """A public IPv4 address was seen on it."""
    disk_gb: int | None = None
    disk_type: str | None = None

    @property
    def never_ran(self) -> bool:
        """A start that was called off while it was pending, for which nothing is billed, not even the least time."""
        return self.kind is Kind.RUN and self.ended_at == self.began_at

    @property
    def doubt(self) -> timedelta:
        """How much of it nobody can vouch for."""
        if self.ended_at is None or self.sure_until is None:
            return timedelta(0)
        return self.ended_at - self.sure_until


@dataclass(frozen=True, slots=True)
class Seen:
    """What a row says of its machine after a write, and what the sighting behind it added."""

    instance_id: str
    created_at: datetime
    observed: Observed
    observed_at: datetime
    launched_at: datetime | None
    last_look: datetime | None
    """When the last complete listing before this sighting began: until then nothing had changed."""
    changed_at: datetime | None = None
    """When, by the cloud's own word, the machine came into its present state."""
    address: bool = False
    disk_gb: int | None = None
    disk_type: str | None = None
    was_pending: bool = False
    """It was only on its way to run when it was asked to stop or to end."""
    could_not_run: bool = False
    """The cloud says that it stopped or ended the machine itself."""


def follow_run(last: UsageInterval | None, seen: Seen) -> list[UsageInterval]:
    """The intervals to write (new ones, and `last` changed) so that they agree with what was seen; [] when they do."""
    if last is None or last.ended_at is not None:
        return _next_run(last, seen)
    started = seen.launched_at
    if started is not None and started > last.began_at:
        # stopped and started again while nobody looked: when it was stopped, the cloud has forgotten
        ended = replace(last, ended_at=started, sure_until=_within(seen.last_look, last.began_at, started))
        return [ended, *_next_run(ended, seen)]
    now = last
    if not last.began_exactly and started is not None and _dates_its_beginning(last, started):
        now = replace(now, began_at=started, began_exactly=True)
    if seen.address and seen.observed in _UP:
        now = replace(now, address=True)
    if seen.observed not in _UP:
        now = _ended(now, seen)
    return [now] if now != last else []


def _dates_its_beginning(run: UsageInterval, started: datetime) -> bool:
    """Is it this run's LaunchTime? One at the very end of the run before is that one's own: it ended as it began."""
    return started > run.not_before or (run.number == 1 and started == run.not_before)


def _next_run(last: UsageInterval | None, seen: Seen) -> list[UsageInterval]:
    started = seen.launched_at
    fresh = started is not None and (last is None or started > last.began_at)
    if not fresh and seen.observed not in _UP:
        return _dated_end(last, seen) if last is not None else []
    if last is not None and last.ended_at is not None:
        floor, number = last.ended_at, last.number + 1
    else:
        floor, number = seen.created_at, 1
    began_at = started if fresh and started is not None else seen.observed_at
    if last is not None:
        began_at = max(began_at, floor)
    made = UsageInterval(seen.instance_id, Kind.RUN, number, began_at, fresh, floor, address=seen.address)
    if seen.observed in _UP:
        return [made]
    if seen.observed in _DOWN and seen.was_pending:
        # written though it cost nothing: a later look will date its end, and knows no more that it never ran
        return [replace(made, ended_at=began_at)]
    if seen.observed in _DOWN and _dates_an_end(began_at, seen) and not _never_ran(began_at, seen):
        # it began and ended while nobody looked; whether it had an address we take from the run before
        held = seen.address or (last is not None and last.address)
        return [replace(made, ended_at=seen.changed_at, address=held)]
    return []  # no more than pending, or a start that failed: neither is billed


FAILS_WITHIN = timedelta(minutes=10)
"""A start or a launch that the cloud could not carry out ends so soon; what ended later may have run."""


def _never_ran(began_at: datetime, seen: Seen) -> bool:
    return seen.could_not_run and seen.changed_at is not None and seen.changed_at - began_at < FAILS_WITHIN


def _dated_end(last: UsageInterval, seen: Seen) -> list[UsageInterval]:
    """Our own look ended it; now the cloud says when it really did."""
    if last.sure_until is None or last.ended_at is None or seen.changed_at is None or seen.observed not in _DOWN:
        return []
    # the cloud dates in whole seconds
    if not last.sure_until - timedelta(seconds=1) <= seen.changed_at <= last.ended_at:
        return []
    return [replace(last, ended_at=max(seen.changed_at, last.began_at), sure_until=None)]


def follow_disk(last: UsageInterval | None, seen: Seen) -> list[UsageInterval]:
    """The same for the machine's disk, which exists from the launch to the termination."""
    if last is None:
        if seen.observed is Observed.NONE or seen.observed in GONE:
            return []
        exactly = seen.launched_at is not None
        began_at = seen.launched_at or seen.observed_at
        return [
            UsageInterval(
                *(seen.instance_id, Kind.DISK, 1, began_at, exactly, seen.created_at),
                address=seen.address,
                disk_gb=seen.disk_gb,
                disk_type=seen.disk_type,
            )
        ]
    if last.ended_at is not None and seen.observed not in GONE and _is_another(last, seen):
        return [replace(made, number=last.number + 1, not_before=last.ended_at) for made in follow_disk(None, seen)]
    now = last
    if seen.address and seen.observed not in GONE:
        now = replace(now, address=True)
    if seen.disk_gb is not None:
        now = replace(now, disk_gb=seen.disk_gb, disk_type=seen.disk_type)
    if now.ended_at is None and seen.observed in GONE:
        now = _ended(now, seen)
    return [now] if now != last else []


def _is_another(disk: UsageInterval, seen: Seen) -> bool:
    """The machine that it belonged to never ran, and another was launched in its place."""
    return seen.observed is not Observed.NONE and seen.launched_at is not None and seen.launched_at > disk.began_at


def _dates_an_end(began_at: datetime, seen: Seen) -> bool:
    return seen.changed_at is not None and began_at <= seen.changed_at <= seen.observed_at + SKEW


def _ended(interval: UsageInterval, seen: Seen) -> UsageInterval:
    """Ended when the cloud says; when it does not, now, with the last look that still showed it going on."""
    if seen.observed in _DOWN and _dates_an_end(interval.began_at, seen):
        return replace(interval, ended_at=seen.changed_at, sure_until=None)
    ended_at = max(interval.began_at, seen.observed_at)
    # a complete look that did not show it any more vouches for nothing
    sure_until = _within(interval.sure_until or seen.last_look, interval.began_at, ended_at)
    return replace(interval, ended_at=ended_at, sure_until=sure_until)


def _within(at: datetime | None, low: datetime, high: datetime) -> datetime:
    return low if at is None else min(max(at, low), high)
