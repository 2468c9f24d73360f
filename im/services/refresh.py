"""refresh: the cloud is asked what there is; facts are written, drift is judged, what is unsettled is rung for again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from im.db import deployment, events, guards, leftovers, protection, scopes, spot, ticks, user_data, watch, work
from im.domain import tags
from im.domain.event import Event
from im.domain.guard import Guard, fired
from im.domain.instance import Desired, Instance, Observed, Sighting
from im.domain.lifecycle import Reading, Step, Verdict, may_be_judged_absent, observe
from im.domain.policy import Policies
from im.failpoints import Point, reach
from im.lanes import lane_of
from im.logs import log
from im.providers.base import Provider, Snapshot
from im.providers.errors import ProviderError
from im.queue import Task
from im.services import alarm, orphans
from im.services.enforce import ring_by_verb
from im.services.guarding import ring_for_guards
from im.services.identity import wrong_account
from im.services.naming import drive_names
from im.services.pricing import upkeep
from im.services.replacing import replace_lost

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from im.context import Context

TICK = 10.0
"""Seconds between two refreshes of every scope."""
_SLOT = TICK / 2
_UNSETTLED_AT_ONCE = 5000
_DRIVEN = (Verdict.OURS, Verdict.UNDONE)
_TELLING = (*_DRIVEN, Verdict.ADOPTED, Verdict.OVERDUE, Verdict.ENDED, Verdict.SUSPECT)


def refresh(ctx: Context) -> str:
    """The tick: ring for each scope in use, and again for whatever is unsettled and waits for nobody."""
    with ctx.begin() as connection:
        now = ctx.clock(connection)
        if not ticks.claim(connection, "refresh", _SLOT, now):
            return "another beat's tick did this"
        numbers = sorted({*scopes.in_use(connection), *orphans.due(connection, now)})
        places = [(n, scopes.read(connection, n)) for n in numbers]
        waiting = work.waiting(connection, now, _UNSETTLED_AT_ONCE)
        user_data.erase_spent(connection)
        sweeping = leftovers.pending(connection)
        unguarded = protection.waiting(connection, now, _UNSETTLED_AT_ONCE)
        spent = spot.waiting(connection, now, _UNSETTLED_AT_ONCE)
    reach(Point.REFRESH_CLAIMED)
    for number, place in places:
        ctx.queue.ring(Task.REFRESH_SCOPE, [str(number)], label=str(place))
    ring_by_verb(ctx, waiting)
    if sweeping:
        ctx.queue.ring(Task.GC)
    if unguarded:
        ctx.queue.ring(Task.PROTECT, unguarded)
    if spent:
        ctx.queue.ring(Task.TERMINATE, spent)
    upkeep(ctx)
    ring_for_guards(ctx)
    alarm.sound(ctx)
    return f"{len(numbers)} scopes to look at, {len(waiting)} instances rung for"


def refresh_scopes(ctx: Context, numbers: Sequence[int]) -> str:
    """List these scopes, each in its own lane: none waits for another. Returns a sentence for people."""
    with ctx.begin() as connection:
        places = scopes.places(connection, numbers)
    works = {lane_of("refresh", where): partial(refresh_scope, ctx, number) for number, where in places.items()}
    done = ctx.lanes.run(works)
    later = [f"{lane.place} still waits for its cloud" for lane in works if lane not in done]
    return "; ".join([*done.values(), *later]) or "nothing to do"


def refresh_scope(ctx: Context, number: int) -> str:
    """List one scope and write what changed. A listing that fails or is cut short proves no absence."""
    with ctx.begin() as connection:
        began_at = ctx.clock(connection)
        scope = scopes.read(connection, number)
        if scope is None or not ticks.claim(connection, f"refresh {number}", _SLOT, began_at):
            return "nothing to do"
    provider = ctx.provider_for(scope)
    try:
        # another account's listing would show every machine of ours as missing
        if (foreign := wrong_account(ctx, provider, scope)) is not None:
            raise foreign
        snapshot = provider.listing(scope)
    except ProviderError as exc:
        return _cannot_see(ctx, number, str(scope), began_at, exc)
    reach(Point.REFRESH_LISTED)
    changed, suspects = _apply(ctx, number, snapshot, began_at)
    reach(Point.REFRESH_COMMITTED)
    gone = _judge_absent(ctx, provider, number, suspects, began_at) if suspects else 0
    drive_names(ctx, provider, scope, number)
    orphans.look_for_orphans(ctx, provider, scope, number)
    replace_lost(ctx, number)
    with ctx.begin() as connection:
        skew = (snapshot.date - ctx.clock(connection)).total_seconds() if snapshot.date else None
        trouble = {} if snapshot.complete else {"error_code": "incomplete", "error": "the listing was cut short"}
        scopes.report(connection, number, began_at=began_at, clock_skew=skew, **trouble)
    return f"{scope}: {len(snapshot.sightings)} seen, {changed + gone} changed"


def _cannot_see(ctx: Context, number: int, scope: str, began_at: datetime, exc: ProviderError) -> str:
    with ctx.begin() as connection:
        scopes.report(connection, number, began_at=began_at, error_code=exc.code, error=exc.message)
    log.error("a scope cannot be seen; its facts stay as they were", scope=scope, code=exc.code, error=exc.message)
    return f"{scope}: cannot be seen ({exc.code})"


def _apply(ctx: Context, number: int, snapshot: Snapshot, began_at: datetime) -> tuple[int, list[Instance]]:
    """Write what the listing shows; returns how many rows changed, and those whose absence is now suspicious."""
    seen = {s.provider_id: s for s in snapshot.sightings}
    with ctx.begin() as connection:
        now = ctx.clock(connection)
        rows = watch.living(connection, number)
        due = guards.of_scope(connection, number, now)
        notes: list[watch.Note] = []
        suspects: list[Instance] = []
        for row in rows:
            sighting = seen.get(row.provider_id or "")
            if sighting is not None:
                row = _guarded(row, due.get(row.id), sighting, now)
                note = _note(row, sighting, began_at, now, ctx.settings.policies)
            else:
                note, suspicious = _note_absent(row, snapshot.complete, began_at)
                if suspicious:
                    suspects.append(row)
            if note is not None:
                notes.append(note)
        _write(ctx, connection, rows, notes, now)
    return len(notes), suspects


def _guarded(row: Instance, guard: Guard | None, seen: Sighting, now: datetime) -> Instance:
    """A stop by our own guard is one of our steps that took effect late: the row is judged as if we were unsure of it."""
    at = fired(guard, row, seen, now) if guard is not None else None
    return row if at is None else replace(row, unsure={**row.unsure, Step.STOP.value: now})


def _note(row: Instance, seen: Sighting, began_at: datetime, now: datetime, policies: Policies) -> watch.Note | None:
    """What to write about one row; None when the cloud shows what we knew."""
    if row.observed_at >= began_at:
        return None
    reading = observe(row, seen.state, began_at, now, policies, interrupted=seen.interrupted)
    drift = (row.drift_since or began_at) if reading.verdict is Verdict.SUSPECT else None
    moved = seen.public_ip is not None and seen.public_ip != row.public_ip
    if seen.launched_at is not None and row.launched_at is not None and seen.launched_at > row.launched_at:
        moved = True  # it was started since; between two looks it may have stopped and started, and usage has to know
    if seen.spot_request and seen.spot_request != row.spot_request:
        moved = True
    told = reading.verdict not in (Verdict.FACT, Verdict.SUSPECT)
    if seen.state is row.observed and not moved and drift == row.drift_since and not told:
        return None
    if reading.verdict is Verdict.OVERDUE and seen.state is row.observed and drift == row.drift_since:
        return None
    return watch.Note(row, seen, reading, began_at, drift)


def _note_absent(row: Instance, complete: bool, began_at: datetime) -> tuple[watch.Note | None, bool]:
    """First absence from a complete listing is noted, the second makes it suspicious."""
    if not complete or not may_be_judged_absent(row, began_at):
        return None, False
    if row.drift_since is None:
        reading = Reading(Verdict.SUSPECT, "not in the cloud's listing", row.desired)
        return watch.Note(row, None, reading, began_at, began_at), False
    return None, began_at > row.drift_since


def _judge_absent(
    ctx: Context, provider: Provider, number: int, suspects: Sequence[Instance], began_at: datetime
) -> int:
    """Twice missing from complete listings: gone only if the cloud, asked for it by id, does not know it either."""
    wanted = [row.provider_id for row in suspects if row.provider_id]
    try:
        known = provider.describe(suspects[0].scope, wanted)
    except ProviderError as exc:
        log.warning("absence could not be confirmed", error=exc.message)
        return 0
    with ctx.begin() as connection:
        now, ours = ctx.clock(connection), deployment.read_id(connection)
        notes = []
        for row in suspects:
            assert row.provider_id is not None
            accepted = row.desired is Desired.TERMINATED and row.observed is Observed.TERMINATING
            state = Observed.TERMINATED if accepted else Observed.MISSING
            sighting = known.get(row.provider_id) or Sighting(row.provider_id, state)
            if sighting.tags.get(tags.DEPLOYMENT, ours) != ours:
                told = "another deployment of im has taken it over"
                sighting = Sighting(row.provider_id, Observed.MISSING, reason=told)
            taken = sighting.interrupted
            reading = observe(row, sighting.state, began_at, now, ctx.settings.policies, interrupted=taken)
            notes.append(watch.Note(row, sighting, reading, began_at, None))
        _write(ctx, connection, list(suspects), notes, now)
    return len(notes)


def _write(
    ctx: Context, connection: Connection, rows: Sequence[Instance], notes: list[watch.Note], now: datetime
) -> None:
    if not notes:
        return
    written = watch.write(connection, notes, now)
    events.record(connection, (_told(n, now) for n in notes if n.row.id in written and _worth_telling(n)))
    reach(Point.REFRESH_WRITTEN)
    driven = [n.row for n in notes if n.row.id in written and n.reading.verdict in _DRIVEN]
    ring_by_verb(ctx, driven)
    if any(n.reading.verdict is Verdict.OVERDUE for n in notes):
        ctx.queue.ring(Task.ENFORCE_TTL, [rows[0].id], label="overdue")


def _worth_telling(note: watch.Note) -> bool:
    if note.reading.verdict in _TELLING:
        return True
    return note.seen is not None and note.seen.state is not note.row.observed


def _told(note: watch.Note, now: datetime) -> Event:
    row, reading = note.row, note.reading
    kind = note.seen.state.value if note.seen else "not listed"
    if reading.verdict is Verdict.ADOPTED:
        kind = "adopted"
    if note.seen and note.seen.interrupted and note.seen.state in (Observed.STOPPED, Observed.TERMINATED):
        kind = "interrupted"
    because = f"{reading.because}: {note.seen.reason}" if note.seen and note.seen.reason else reading.because
    return Event(row.id, now, kind, "cloud", because, row.generation)
