"""The append-only story of every instance."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, insert, select

from im.db.recordset import recordset
from im.db.tables import events
from im.domain.event import Event


def record(connection: Connection, happened: Iterable[Event]) -> None:
    """Append; in the transaction of the change itself, so that neither is there without the other."""
    rows = [
        {
            "instance_id": e.instance_id,
            "at": e.at,
            "kind": e.kind,
            "actor": e.actor,
            "reason": e.reason.replace("\x00", ""),
            "generation": e.generation,
            "detail": dict(e.detail),
        }
        for e in happened
    ]
    if rows:
        v = recordset(events, list(rows[0]), rows)
        connection.execute(insert(events).from_select(list(rows[0]), select(*v.c)))


def read(connection: Connection, instance_ids: Sequence[str]) -> list[Event]:
    """In the order in which they were recorded."""
    query = select(events).where(events.c.instance_id.in_(instance_ids)).order_by(events.c.id)
    return [
        Event(row.instance_id, row.at, row.kind, row.actor, row.reason, row.generation, row.detail)
        for row in connection.execute(query)
    ]
