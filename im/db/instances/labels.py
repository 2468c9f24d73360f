"""Which machines still have to be told their names: those of a launch of many, until the cloud has taken each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, delete, exists, literal, select, update
from sqlalchemy.dialects.postgresql import insert

from im.db.made_once import made_once
from im.db.schema.core import instances
from im.db.schema.launch_inputs import nameless
from im.db.select import fetch_instances, select_instances
from im.domain.instance import Instance

t, i = nameless.c, instances.c


def add(connection: Connection, ids: Sequence[str], now: datetime) -> None:
    if ids:
        these = select(instances.c.id, literal(now)).where(instances.c.id.in_(ids))
        connection.execute(insert(nameless).from_select(["instance_id", "due_at"], these).on_conflict_do_nothing())


def due(connection: Connection, scope_id: int, now: datetime, limit: int) -> list[Instance]:
    """Those of the scope that have waited longest; the ones that are gone by now need no name any more."""
    if connection.execute(*_anybody()).first() is None:
        return []
    gone = exists().where(i.id == t.instance_id, i.closed_at.is_not(None), i.scope_id == scope_id)
    connection.execute(delete(nameless).where(gone))
    query = (
        select_instances()
        .join(nameless, t.instance_id == i.id)
        .where(i.scope_id == scope_id, i.provider_id.is_not(None), t.due_at <= now)
        .order_by(t.due_at, i.id)
        .limit(limit)
    )
    return fetch_instances(connection, query)


@made_once
def _anybody() -> Select[Any]:
    return select(t.instance_id).limit(1)


def done(connection: Connection, ids: Sequence[str]) -> None:
    connection.execute(delete(nameless).where(t.instance_id.in_(ids)))


def later(connection: Connection, ids: Sequence[str], at: datetime) -> None:
    """Behind the others: one that cannot be named holds nobody up."""
    connection.execute(update(nameless).where(t.instance_id.in_(ids)).values(due_at=at))
