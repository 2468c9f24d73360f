"""What a look at the cloud means for rows: facts are written, drift and absence are judged, and the story is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from im.db import deployment, events, guards
from im.db.instances import observations
from im.domain import tags
from im.domain.config.policy import Policies
from im.domain.event import Channel, Event, EventKind, kind_of
from im.domain.fall import fell_back
from im.domain.guard import Guard, fired
from im.domain.instance import Instance
from im.domain.lifecycle import Reading, Step, Verdict, may_be_judged_absent, observe
from im.domain.orphan import CHANGED
from im.domain.sighting import Sighting
from im.domain.state import Desired, Observed, meets
from im.failpoints import Point, reach
from im.logs import log
from im.providers.errors import ProviderError
from im.providers.machine import machine_of
from im.queue.tasks import Task
from im.services.health.durations import Change, learned
from im.services.reconcile import failed_launch
from im.services.reconcile.report import came_to_nothing
from im.services.refresh import label
from im.services.ring import ring_by_verb

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from im.context import Context
    from im.services.scope_run import ScopeRun

_DRIVEN = (Verdict.OURS, Verdict.UNDONE)
_TELLING = (*_DRIVEN, Verdict.ADOPTED, Verdict.OVERDUE, Verdict.ENDED, Verdict.SUSPECT)


def judge_seen(run: ScopeRun, sightings: Sequence[Sighting], began_at: datetime) -> int:
    """Write what these sightings of a look begun at `began_at` change; returns how many rows that were."""
    if not sightings:
        return 0
    reach(Point.REFRESH_LISTED)
    seen = {one.provider_id: one for one in sightings}
    with run.ctx.begin() as connection:
        now = run.ctx.clock(connection)
        rows = observations.news(connection, run.scope_id, sightings)
        due = guards.fired_by(connection, [row.id for row in rows], now) if rows else {}
        notes: list[observations.Note] = []
        for row in rows:
            sighting = seen[row.provider_id or ""]
            row = _guarded(row, due.get(row.id), sighting, now)
            note = _note(row, sighting, began_at, now, run.ctx.settings.policies)
            if note is not None:
                notes.append(note)
        lost = failed_launch.among(rows, seen)
        moved = failed_launch.take_back(connection, run.scope_id, lost, now)
        notes = [n for n in notes if n.row.id not in lost]
        label.found(run, connection, [n for n in notes if n.row.drift_since or n.row.label_changed], now)
        count = _write(run.ctx, connection, rows, notes, now)
    count()
    reach(Point.REFRESH_COMMITTED)
    ring_by_verb(run.ctx, moved)
    return len(notes) + len(lost)


def judge_unseen(run: ScopeRun, machines: Sequence[str], began_at: datetime) -> int:
    """The same for machines that a complete look did not show. A first absence is noted, a second makes the cloud be asked."""
    if not machines:
        return 0
    reach(Point.REFRESH_LISTED)
    with run.ctx.begin() as connection:
        rows = observations.by_machine(connection, run.scope_id, machines)
        notes: list[observations.Note] = []
        suspects: list[Instance] = []
        for row in rows:
            note, suspicious = _note_absent(row, began_at)
            if suspicious:
                suspects.append(row)
            if note is not None:
                notes.append(note)
        count = _write(run.ctx, connection, rows, notes, run.ctx.clock(connection))
    count()
    reach(Point.REFRESH_COMMITTED)
    return len(notes) + (_judge_absent(run, suspects, began_at) if suspects else 0)


def _guarded(row: Instance, guard: Guard | None, seen: Sighting, now: datetime) -> Instance:
    """A stop by our own guard is one of our steps that took effect late: the row is judged as if its outcome were uncertain."""
    at = fired(guard, row, seen, now) if guard is not None else None
    return row if at is None else replace(row, uncertain_steps={**row.uncertain_steps, Step.STOP.value: now})


def _note(
    row: Instance, seen: Sighting, began_at: datetime, now: datetime, policies: Policies
) -> observations.Note | None:
    """What to write about one row; None when the cloud shows what we knew."""
    if row.observed_at >= began_at:
        return None
    reading = observe(row, seen.state, began_at, now, policies, interrupted=seen.interrupted, cause=seen.cause)
    fall = fell_back(row, seen.state, seen.cause)
    drift = (row.drift_since or began_at) if reading.verdict is Verdict.SUSPECT else None
    moved = seen.public_ip is not None and seen.public_ip != row.public_ip
    if seen.launched_at is not None and row.launched_at is not None and seen.launched_at > row.launched_at:
        moved = True  # it was started since; between two looks it may have stopped and started, and usage has to know
    if seen.spot_request and seen.spot_request != row.spot_request:
        moved = True
    if seen.notes and dict(seen.notes) != dict(row.provider_notes):
        moved = True  # where it is reached, or what it costs
    told = reading.verdict not in (Verdict.FACT, Verdict.SUSPECT) or row.label_changed
    if seen.state is row.observed and not moved and drift == row.drift_since and not told:
        return None
    if reading.verdict is Verdict.OVERDUE and seen.state is row.observed and drift == row.drift_since:
        return None
    return observations.Note(row, seen, reading, began_at, drift, fall)


def _note_absent(row: Instance, began_at: datetime) -> tuple[observations.Note | None, bool]:
    """First absence from a complete listing is noted, the second makes it suspicious."""
    if not may_be_judged_absent(row, began_at):
        return None, False
    if row.drift_since is None:
        reading = Reading(Verdict.SUSPECT, "not in the cloud's listing", row.desired)
        return observations.Note(row, None, reading, began_at, began_at), False
    return None, began_at > row.drift_since


def _judge_absent(run: ScopeRun, suspects: Sequence[Instance], began_at: datetime) -> int:
    """Twice missing from complete listings: gone only if the cloud, asked for it by id, does not know it either."""
    try:
        known = run.provider.describe(suspects[0].scope, [machine_of(row) for row in suspects])
    except ProviderError as exc:
        log.warning("absence could not be confirmed", error=exc.message)
        return 0
    with run.ctx.begin() as connection:
        now, ours = run.ctx.clock(connection), deployment.read_id(connection)
        notes = []
        for row in suspects:
            assert row.provider_id is not None
            accepted = row.desired is Desired.TERMINATED and row.observed is Observed.TERMINATING
            state = Observed.TERMINATED if accepted else Observed.MISSING
            sighting = known.get(row.provider_id) or Sighting(row.provider_id, state)
            whose, changed = sighting.tags.get(tags.DEPLOYMENT, ours), ""
            if label.is_changed(sighting):
                changed = CHANGED
            elif whose != ours:
                changed = "another deployment of im has taken it over"
                sighting = Sighting(row.provider_id, Observed.MISSING, reason=changed)
            taken, cause = sighting.interrupted, sighting.cause
            policies = run.ctx.settings.policies
            reading = observe(row, sighting.state, began_at, now, policies, interrupted=taken, cause=cause)
            if _stands_unlisted(row, sighting, reading) and not changed:
                continue
            drift = row.drift_since if changed else None
            notes.append(observations.Note(row, sighting, reading, began_at, drift, label_changed=changed))
        label.kept(run, connection, notes, began_at, now)
        notes = [n for n in notes if not label.is_no_news(n)]
        count = _write(run.ctx, connection, list(suspects), notes, now)
    count()
    return len(notes)


def _stands_unlisted(row: Instance, seen: Sighting, reading: Reading) -> bool:
    """A look by its id shows it as it was, again and again, and no listing does: its tags were removed. That was told once."""
    return reading.verdict is Verdict.FACT and seen.state is row.observed and not row.label_changed


def _write(
    ctx: Context, connection: Connection, rows: Sequence[Instance], notes: list[observations.Note], now: datetime
) -> Callable[[], None]:
    """Returns what is to be counted once it is committed."""
    if not notes:
        return lambda: None
    written = observations.write(connection, notes, now)
    events.record(connection, (_event(n, now) for n in notes if n.row.id in written and _worth_telling(n)))
    reach(Point.REFRESH_WRITTEN)
    driven = [replace(n.row, desired=n.reading.desired) for n in notes if n.row.id in written and _is_driven(n)]
    ring_by_verb(ctx, driven)
    if any(n.reading.verdict is Verdict.OVERDUE for n in notes):
        ctx.queue.ring(Task.ENFORCE_TTL, [rows[0].id], label="overdue")
    changes = [Change(n.row, n.seen.state, n.seen.changed_at or now) for n in notes if n.seen and n.row.id in written]
    return learned(connection, changes, now)


def _is_driven(note: observations.Note) -> bool:
    """Is there something to do for reconcile: our own goal again, or a new one that the machine has not reached?"""
    if note.reading.verdict in _DRIVEN:
        return True
    if label.is_back(note) and not note.row.settled:
        return True
    adopted = note.reading.verdict is Verdict.ADOPTED and note.seen is not None
    return adopted and note.seen is not None and not meets(note.reading.desired, note.seen.state)


def _worth_telling(note: observations.Note) -> bool:
    if note.reading.verdict in _TELLING or label.is_news(note):
        return True
    return note.seen is not None and note.seen.state is not note.row.observed


def _event(note: observations.Note, now: datetime) -> Event:
    row, reading = note.row, note.reading
    if note.fall is not None:
        return came_to_nothing(row, note.fall, now)
    if (told := label.event(note, now)) is not None:
        return told
    kind = kind_of(note.seen.state) if note.seen else EventKind.NOT_LISTED
    if reading.verdict is Verdict.ADOPTED:
        kind = EventKind.ADOPTED
    if note.seen and note.seen.interrupted and note.seen.state in (Observed.STOPPED, Observed.TERMINATED):
        kind = EventKind.INTERRUPTED
    because = f"{reading.because}: {note.seen.reason}" if note.seen and note.seen.reason else reading.because
    return Event(row.id, now, kind, Channel.CLOUD, because, row.generation)
