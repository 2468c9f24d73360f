"""The append-only story of every instance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection, and_, delete, func, insert, select

from im.db.bulk import recordset
from im.db.schema.core import events
from im.domain.input.text import OWNER, TOLD, visible
from im.domain.webhook.kind import KIND_OF

if TYPE_CHECKING:
    from im.domain.event import Event


def record(connection: Connection, happened: Iterable[Event]) -> None:
    """Append, with what webhooks are to be told of it; in the transaction of the change itself, so that neither is there without
    the other."""
    all_of_it = list(happened)
    rows = [
        {
            "instance_id": e.instance_id,
            "at": e.at,
            "kind": str(e.kind),
            "actor": visible(str(e.actor))[:OWNER],
            "reason": visible(e.reason)[:TOLD],
            "generation": e.generation,
            "detail": dict(e.detail),
            "channel": e.came_by,
            "request_id": visible(e.request_id)[:OWNER] if e.request_id else None,
        }
        for e in all_of_it
    ]
    if rows:
        v = recordset(events, list(rows[0]), rows)
        connection.execute(insert(events).from_select(list(rows[0]), select(*v.c)))
    if any(e.kind in KIND_OF for e in all_of_it):
        from im.db.webhooks import (
            planned,  # nobody is told of what somebody asked for, which is all that a command records
        )

        planned.of_events(connection, all_of_it)


def asked_at(connection: Connection, generations: Mapping[str, int]) -> dict[str, datetime]:
    """By instance, when this generation of its row began: somebody asked for something, or its time was over."""
    rows = [{"instance_id": i, "generation": generation} for i, generation in generations.items()]
    v = recordset(events, ("instance_id", "generation"), rows)
    same = events.c.instance_id == v.c.instance_id, events.c.generation == v.c.generation
    query = select(events.c.instance_id, func.min(events.c.at)).join(v, and_(*same)).group_by(events.c.instance_id)
    return {row.instance_id: row[1] for row in connection.execute(query)}


def prune(connection: Connection, before: datetime, limit: int) -> int:
    """Forget what happened before that moment, at most `limit` events; returns how many there were.

    They lie at the beginning of the primary key, so that this reads no more than it deletes, however long the history is.
    """
    oldest = select(events.c.id, events.c.at).order_by(events.c.id).limit(limit).subquery()
    old = select(oldest.c.id).where(oldest.c.at < before)
    return connection.execute(delete(events).where(events.c.id.in_(old))).rowcount
