"""What a listing writes: set-wise, only rows that changed, never over a newer fact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Integer, and_, case, func, select, update

from im.db import spot, usage
from im.db.recordset import recordset
from im.db.rows import fetch_instances, select_instances
from im.db.tables import instances
from im.domain.instance import GONE, Instance, Observed, Sighting, Why
from im.domain.lifecycle import Reading, Verdict, meets

t = instances.c


@dataclass(frozen=True, slots=True)
class Note:
    """One row's news: what was seen (None: nothing), what it means, when the look began, and since when it drifts."""

    row: Instance
    seen: Sighting | None
    reading: Reading
    began_at: datetime
    drift_since: datetime | None


def living(connection: Connection, scope_id: int) -> list[Instance]:
    """Every open row of the scope that has a machine; one that is yet to be adopted is not watched before it is ours."""
    arrived = (t.provider_id.is_not(None), t.observed != Observed.NONE.value)
    query = select_instances().where(t.scope_id == scope_id, t.closed_at.is_(None), *arrived)
    return fetch_instances(connection, query)


def write(connection: Connection, notes: Sequence[Note], now: datetime) -> set[str]:
    """Write notes on rows that are still as they were judged: same generation, no newer fact. Returns the ids written."""
    ids = [n.row.id for n in notes]
    connection.execute(select(t.id).where(t.id.in_(ids)).order_by(t.id).with_for_update())
    columns = ("observed", "observed_at", "public_ip", "private_ip", "launched_at", "desired", "why")
    v = recordset(
        instances,
        (*columns, "id", "generation", "settled_generation", "drift_since", "closed_at"),
        [_as_row(n, now) for n in notes],
        {"new_generation": Integer()},
    )
    seen = v.c.observed.is_not(None)
    no_address = v.c.observed.in_([Observed.STOPPED.value, *(o.value for o in GONE)])
    done = connection.execute(
        update(instances)
        .where(t.id == v.c.id, t.generation == v.c.generation, t.observed_at < v.c.observed_at)
        .values(
            observed=func.coalesce(v.c.observed, t.observed),
            observed_at=case((seen, v.c.observed_at), else_=t.observed_at),
            public_ip=case((and_(seen, no_address), None), else_=func.coalesce(v.c.public_ip, t.public_ip)),
            private_ip=func.coalesce(v.c.private_ip, t.private_ip),
            launched_at=func.coalesce(v.c.launched_at, t.launched_at),
            desired=v.c.desired,
            why=v.c.why,
            generation=v.c.new_generation,
            settled_generation=v.c.settled_generation,
            drift_since=v.c.drift_since,
            closed_at=func.coalesce(t.closed_at, v.c.closed_at),
            next_attempt_at=case((v.c.settled_generation < t.generation, t.next_attempt_at), else_=None),
        )
        .returning(t.id)
    )
    written = set(done.scalars())
    usage.follow(connection, sorted(written), {n.row.id: n.seen for n in notes if n.seen is not None})
    spot.learn(connection, {n.row.id: n.seen for n in notes if n.seen is not None and n.row.id in written}, now)
    return written


def _as_row(note: Note, now: datetime) -> dict[str, object]:
    row, seen, reading = note.row, note.seen, note.reading
    adopted = reading.desired is not row.desired
    generation = row.generation + 1 if adopted else row.generation
    ended = reading.verdict is Verdict.ENDED and seen is not None and meets(reading.desired, seen.state)
    settled = row.settled_generation
    if adopted or ended or reading.verdict is Verdict.SETTLED:
        settled = generation
    elif reading.verdict in (Verdict.OURS, Verdict.UNDONE):
        settled = min(settled, generation - 1)
    return {
        "id": row.id,
        "generation": row.generation,
        "observed": seen.state.value if seen else None,
        "observed_at": note.began_at,
        "public_ip": seen.public_ip if seen else None,
        "private_ip": seen.private_ip if seen else None,
        "launched_at": seen.launched_at if seen else None,
        "desired": reading.desired.value,
        "why": (Why.OUTSIDE if adopted else row.why).value,
        "settled_generation": settled,
        "new_generation": generation,
        "drift_since": note.drift_since,
        "closed_at": now if seen is not None and seen.state in GONE else None,
    }
