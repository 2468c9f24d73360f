"""enforce: what is past its deadline is turned toward its `on_expiry`, once, by one statement; workers do the rest."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from im.db import events, ticks
from im.db.instances import requests
from im.domain.event import Channel, Event, EventKind
from im.domain.hold import OF_A_SCOPE, HoldKind
from im.domain.input.duration import format_duration
from im.domain.input.listed import and_more, listed
from im.domain.instance import Instance
from im.failpoints import Point, reach
from im.logs import log
from im.queue.periods import ENFORCE_EVERY
from im.queue.tasks import DEADLINES, Task
from im.services.deadlines import holds
from im.services.deadlines.notices import plan_notices
from im.services.health import durations, mark
from im.services.maintenance import WITH_EACH_TICK, Job, run_due
from im.services.ring import _HINTS, _LATE, ring_by_verb

if TYPE_CHECKING:
    from im.context import Context

_SLOT = ENFORCE_EVERY / 2  # half a period: a tick that comes a moment early must not find its slot already used
_BATCH = 1000
_JOBS = (Job("notices", WITH_EACH_TICK, plan_notices),)
_EARLY = timedelta(seconds=2)  # by so much, or less, a hint may have come before its deadline


def enforce_ttl(ctx: Context, hinted: Sequence[str] = ()) -> str:
    """Apply every deadline that has passed. `hinted` (ids) marks an exact hint: it comes between ticks and claims none."""
    if not hinted and not _claim_tick(ctx):
        return "another beat's tick did this"
    reach(Point.ENFORCE_CLAIMED)
    if not hinted:
        run_due(ctx, _JOBS)
    # a hint that came early is rung again for its own deadline alone: hints that ring for others multiply
    return _enforce(ctx, _EARLY, hinted) if hinted else enforce_unclaimed(ctx)


def enforce_unclaimed(ctx: Context) -> str:
    """Apply every deadline that has passed and ring the hints of the coming window, whoever claimed the tick, or nobody."""
    return _enforce(ctx, timedelta(seconds=ENFORCE_EVERY))


def _enforce(ctx: Context, window: timedelta, only: Sequence[str] = ()) -> str:
    if held := _held(ctx):
        return held
    expired: list[Instance] = []
    while batch := _expire(ctx):
        reach(Point.ENFORCE_COMMITTED)
        expired += batch
        ring_by_verb(ctx, batch, to=DEADLINES)
        reach(Point.ENFORCE_RUNG)
    ended = _end_second_stage(ctx)
    coming = _ring_coming(ctx, window, only)
    told = f"{listed([row.name for row in expired], 3)} expired" if expired else "nothing is due"
    if ended:
        told = f"{listed([row.name for row in ended], 3)} kept long enough, terminated" + (
            f"; {told}" if expired else ""
        )
    return f"{told}; next in {format_duration(coming)}" if coming is not None else told


def _held(ctx: Context) -> str:
    """Why no deadline may be enforced anywhere now; empty when they may. Some reasons hold a scope only."""
    found = holds.active(ctx)
    if any(hold.kind is HoldKind.WATCH for hold in found):
        mark.admit(ctx)
        found = holds.active(ctx)
    for hold in found:
        log.error("deadlines are held", kind=hold.kind.value, reason=hold.reason, mend=hold.fix, by=hold.by)
    everywhere = [h for h in found if h.kind not in OF_A_SCOPE]
    return f"held: {everywhere[0].reason} ({everywhere[0].fix})" if everywhere else ""


def _claim_tick(ctx: Context) -> bool:
    with ctx.begin() as connection:
        claimed = ticks.claim_after(connection, {"enforce_ttl": _SLOT}, ctx.clock(connection))
    durations.tick("enforce_ttl", ENFORCE_EVERY, claimed.get("enforce_ttl"))
    return bool(claimed)


def _expire(ctx: Context) -> list[Instance]:
    with ctx.begin() as connection:
        now = ctx.clock(connection)
        rows = requests.expire(connection, now, _BATCH)
        events.record(connection, (_event(row, now) for row in rows))
        reach(Point.ENFORCE_WRITTEN)
        return rows


def _end_second_stage(ctx: Context) -> list[Instance]:
    """Date the second deadline of what its TTL has stopped, and end what has been kept that long."""
    ended: list[Instance] = []
    while True:
        with ctx.begin() as connection:
            now = ctx.clock(connection)
            dated = requests.date_ends(connection, now, _BATCH)
            over = requests.end(connection, now, _BATCH)
            events.record(connection, [*(_dated_event(r, now) for r in dated), *(_ended_event(r, now) for r in over)])
            reach(Point.ENFORCE_WRITTEN)
        reach(Point.ENFORCE_COMMITTED)
        ended += over
        ring_by_verb(ctx, over, to=DEADLINES)
        if len(dated) < _BATCH and len(over) < _BATCH:
            return ended


def _dated_event(row: Instance, now: datetime) -> Event:
    assert row.keep_stopped is not None
    assert row.ends_at is not None
    kept = f"kept {format_duration(row.keep_stopped)} from when it was seen stopped by its TTL"
    reason = f"{kept}: until {row.ends_at:%Y-%m-%d %H:%M:%S} UTC, then terminated; an extend or a start cancels that"
    return Event(row.id, now, EventKind.END_DATED, Channel.TTL, reason, row.generation)


def _ended_event(row: Instance, now: datetime) -> Event:
    assert row.ends_at is not None
    over = (now - row.ends_at).total_seconds()
    reason = f"it was kept stopped until {row.ends_at:%Y-%m-%d %H:%M:%S} UTC, noticed {over:.1f} s later; terminate it"
    return Event(
        row.id, now, EventKind.KEPT_LONG_ENOUGH, Channel.TTL, reason, row.generation, {"late_seconds": round(over, 3)}
    )


def _event(row: Instance, now: datetime) -> Event:
    over = (now - row.expires_at).total_seconds()
    reason = f"its time was over at {row.expires_at:%H:%M:%S} UTC, noticed {over:.1f} s later; {row.on_expiry} it"
    return Event(row.id, now, EventKind.EXPIRED, Channel.TTL, reason, row.generation, {"late_seconds": round(over, 3)})


def _ring_coming(ctx: Context, window: timedelta, only: Sequence[str] = ()) -> timedelta | None:
    """Ring an exact hint for each quarter of a second of the window that has a deadline in it; returns the time to the first.

    `only`: of these instances.
    """
    with ctx.begin() as connection:
        now = ctx.clock(connection)
        coming = requests.deadlines_between(connection, now, now + window, _HINTS, only)
    for at, (instance_id, name, count) in sorted(coming.items()):
        label = and_more(name, count - 1)
        ctx.queue.ring(Task.ENFORCE_TTL, [instance_id], label=label, after=(at - now).total_seconds() + _LATE)
    return min(coming) - now if coming else None
