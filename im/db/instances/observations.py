"""What a listing writes: set-wise, only rows that changed, never over a newer fact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Connection, Integer, Select, and_, case, func, or_, select

from im.db.bulk import recordset
from im.db.instances import facts
from im.db.made_once import Moment, made_once
from im.db.schema.core import instances
from im.db.select import fetch_instances, select_instances
from im.domain.cause import Hand
from im.domain.fall import Fall, why_changed
from im.domain.instance import Instance
from im.domain.lifecycle import Reading, Verdict
from im.domain.orphan import LABEL_CHANGED
from im.domain.sighting import Sighting
from im.domain.state import GONE, Observed, Shelf, meets

t = instances.c


@dataclass(frozen=True, slots=True)
class Note:
    """One row's news: what was seen (None: nothing), what it means, when the look began, and since when it drifts."""

    row: Instance
    seen: Sighting | None
    reading: Reading
    began_at: datetime
    drift_since: datetime | None
    fall: Fall | None = None
    """A step of ours had been accepted, and came to nothing."""
    label_changed: str = ""
    """Why its machine says no longer that it is ours; empty where it does."""


REST = "-"
"""In place of a zone: the rows of a scope whose zone nobody knows."""
NEWS = ""
"""In place of a state in `awaited`: whatever the cloud shows of this row may be news."""
_JUST = timedelta(seconds=60)


def awaited(connection: Connection, scope_id: int, zone: str, now: datetime) -> dict[str, str]:
    """Machine → the state that would be no news, of every open row of the scope, or of one zone of it (REST: of no zone).

    One that is yet to be adopted is not watched before it is ours.
    """
    asked = _awaited_there if zone else _awaited
    there = {"zone": zone_of(zone)} if zone else {}
    found = connection.execute(*asked(scope_id=scope_id, just=now - _JUST, **there))
    return {machine: state for state, machines in found for machine in machines}


@made_once
def _awaited(scope_id: int, just: Moment) -> Select[Any]:
    just_started = and_(t.observed == Observed.RUNNING.value, t.public_ip.is_(None), t.observed_at > just)
    known = case((or_(_open_question(), just_started), NEWS), else_=t.observed).label("known")
    return select(known, func.array_agg(t.provider_id)).where(*_watched(scope_id)).group_by(known)


@made_once
def _awaited_there(scope_id: int, just: Moment, zone: str) -> Select[Any]:
    return _awaited.__wrapped__(scope_id, just).where(t.zone == zone)  # type: ignore[attr-defined, no-any-return]


def zone_of(shard: str) -> str | None:
    """The zone that rows of this shard of a scope have; None when it is the whole scope."""
    return "" if shard == REST else shard or None


def news(connection: Connection, scope_id: int, sightings: Sequence[Sighting]) -> list[Instance]:
    """The rows for which these sightings may be news: compared in the database, and only those fetched."""
    names = ("provider_id", "observed", "public_ip", "launched_at", "spot_request", "provider_notes")
    v = recordset(instances, names, [_as_seen(one) for one in sightings])
    moved = and_(v.c.public_ip.is_not(None), v.c.public_ip.is_distinct_from(t.public_ip))
    bid = v.c.spot_request.is_distinct_from(t.spot_request)
    noted = and_(v.c.provider_notes.is_not(None), v.c.provider_notes.is_distinct_from(t.provider_notes))
    moved = or_(moved, and_(v.c.spot_request.is_not(None), bid), noted)
    differs = or_(v.c.observed != t.observed, moved, v.c.launched_at > t.launched_at, _open_question())
    query = select_instances().join(v, v.c.provider_id == t.provider_id).where(*_watched(scope_id), differs)
    return fetch_instances(connection, query)


def by_machine(connection: Connection, scope_id: int, machines: Sequence[str]) -> list[Instance]:
    """The watched rows that have these machines."""
    query = select_instances().where(*_watched(scope_id), t.provider_id.in_(machines))
    return fetch_instances(connection, query)


def _watched(scope_id: int) -> tuple[ColumnElement[bool], ...]:
    # a row that counts as done and names a machine has it, whatever is written beside
    ours = or_(t.observed != Observed.NONE.value, t.settled_generation == t.generation)
    here = (t.scope_id == scope_id, t.closed_at.is_(None), t.provider_id.is_not(None))
    # what is giving way to its snapshot is looked at by who shelves it
    return (*here, ours, t.shelf != Shelf.LEAVING.value)


def _open_question() -> ColumnElement[bool]:
    """A sighting may say something of the row even if it shows the state that we know: see `lifecycle.observe`."""
    settled, met = t.settled_generation == t.generation, t.observed == t.desired
    return or_(t.drift_since.is_not(None), settled != met, t.observed.in_([o.value for o in GONE]))


def _as_seen(one: Sighting) -> dict[str, object]:
    return {
        "provider_id": one.provider_id,
        "observed": one.state.value,
        "public_ip": one.public_ip,
        "launched_at": one.launched_at,
        "spot_request": one.spot_request or None,
        "provider_notes": dict(one.notes) if one.notes else None,  # empty ones come with another state
    }


def write(connection: Connection, notes: Sequence[Note], now: datetime) -> set[str]:
    """Write notes on rows that are still as they were judged: same generation, no newer fact. Returns the ids written."""
    ids = [n.row.id for n in notes]
    connection.execute(select(t.id).where(t.id.in_(ids)).order_by(t.id).with_for_update())
    judged = ("desired", "why", "generation", "settled_generation", "drift_since", "closed_at")
    v = recordset(
        instances,
        ("id", *facts.COLUMNS, *judged, *_TROUBLE),
        [_as_row(n, now) for n in notes],
        {"new_generation": Integer(), "failed": Boolean(), "shelved_anew": Boolean()},
    )
    label_is_back = and_(t.error_code == LABEL_CHANGED, v.c.error_code.is_(None))
    beside = {
        "desired": v.c.desired,
        "why": v.c.why,
        "generation": v.c.new_generation,
        "shelve_generation": case((v.c.shelved_anew, v.c.new_generation), else_=t.shelve_generation),
        "settled_generation": v.c.settled_generation,
        "drift_since": v.c.drift_since,
        "closed_at": func.coalesce(t.closed_at, v.c.closed_at),
        "next_attempt_at": case(
            (v.c.next_attempt_at.is_not(None), v.c.next_attempt_at),
            (label_is_back, None),
            (v.c.settled_generation < t.generation, t.next_attempt_at),
            else_=None,
        ),
        "attempts": case((v.c.settled_generation < v.c.new_generation, t.attempts), else_=0),
        "error_code": case((label_is_back, None), else_=func.coalesce(v.c.error_code, t.error_code)),
        "error": case((or_(label_is_back, v.c.error_code.is_not(None)), v.c.error), else_=t.error),
        "failed_generation": case((v.c.failed, t.generation), else_=t.failed_generation),
    }
    unchanged = and_(t.generation == v.c.generation, t.observed_at < v.c.observed_at)
    seen = {n.row.id: n.seen for n in notes if n.seen is not None}
    return facts.write(connection, v, seen, now, where=unchanged, beside=beside)


_TROUBLE = ("error_code", "error", "next_attempt_at")


def _trouble(note: Note, adopted: bool, now: datetime) -> dict[str, object]:
    """What the cloud could not do: with a step of ours, or with a machine that nobody asked to stop."""
    if note.fall is not None:
        fall = note.fall
        return {
            "error_code": fall.code,
            "error": fall.error,
            "next_attempt_at": now + fall.wait,
            "failed": fall.failed,
        }
    told: dict[str, object] = dict.fromkeys(_TROUBLE) | {"failed": False}
    if note.label_changed:
        return told | {"error_code": LABEL_CHANGED, "error": note.label_changed}
    if adopted and note.seen is not None and note.seen.cause.hand is Hand.CLOUD:
        told |= {"error_code": note.seen.cause.code, "error": note.seen.cause.says}
    return told


def _as_row(note: Note, now: datetime) -> dict[str, object]:
    row, seen, reading = note.row, note.seen, note.reading
    adopted = reading.desired is not row.desired
    # what ran since is not what its snapshot holds: that is spent, and another one is made of what it is once it rests again
    anew = row.to_shelve and not adopted and reading.verdict in (Verdict.OURS, Verdict.UNDONE)
    generation = row.generation + 1 if adopted or anew else row.generation
    ended = reading.verdict is Verdict.ENDED and seen is not None and meets(reading.desired, seen.state)
    settled = row.settled_generation
    # what was powered off outside is to be stopped, and costs on until it is
    adopted_whole = adopted and seen is not None and meets(reading.desired, seen.state)
    if adopted_whole or ended or reading.verdict is Verdict.SETTLED:
        settled = generation
    elif reading.verdict in (Verdict.OURS, Verdict.UNDONE):
        settled = min(settled, generation - 1)
    return {
        "id": row.id,
        "generation": row.generation,
        **facts.as_columns(seen, note.began_at),
        "desired": reading.desired.value,
        "why": (why_changed(seen.cause) if adopted and seen else row.why).value,
        "settled_generation": settled,
        "new_generation": generation,
        "shelved_anew": anew,
        **_trouble(note, adopted, now),
        "drift_since": note.drift_since,
        "closed_at": now if seen is not None and seen.state in GONE else None,
    }
