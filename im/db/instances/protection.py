"""Protection as people wish it and as the cloud has it: rows in which the two differ are claimed, and the cloud is told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, or_, select, update

from im.db.made_once import Moment, made_once
from im.db.read.instances import read
from im.db.schema.core import instances
from im.db.select import fetch_instances, select_instances
from im.domain.instance import Instance
from im.domain.state import ALIVE, Observed

t = instances.c

_THERE = tuple(one.value for one in (*ALIVE, Observed.STOPPING, Observed.STOPPED))


def write(connection: Connection, ids: Sequence[str], on: bool) -> list[Instance]:
    """What people wish from now on, on locked rows; returned in the order asked for."""
    connection.execute(update(instances).where(t.id.in_(ids)).values(protected=on, protection_try_at=None))
    return read(connection, ids)


DIFFERS = and_(t.closed_at.is_(None), t.protected.is_distinct_from(t.protected_at_cloud), t.observed.in_(_THERE))
"""The cloud has it otherwise, or nobody knows how it has it, and there is a machine to tell about."""


def due(now: Moment) -> ColumnElement[bool]:
    """For a statement over instances: the cloud has to be told, and it is time to."""
    return and_(DIFFERS, or_(t.protection_try_at.is_(None), t.protection_try_at <= now))


def waiting(connection: Connection, now: datetime, limit: int) -> list[str]:
    """Ids of rows about which the cloud has to be told something."""
    return list(connection.execute(*_waiting(now=now, limit=limit)).scalars())


@made_once
def _waiting(now: Moment, limit: int) -> Select[Any]:
    return select(t.id).where(due(now)).order_by(t.id).limit(limit)


def scopes_of(connection: Connection, now: datetime, ids: Sequence[str]) -> list[int]:
    """Where such rows live, of these."""
    query = select(t.scope_id).where(due(now), t.id.in_(ids)).distinct()
    return list(connection.execute(query).scalars())


def claim(connection: Connection, scope_id: int, now: datetime, lease: timedelta, limit: int) -> list[Instance]:
    """Rows to tell the cloud about. From here on nobody knows how the cloud has them, until `learn`, or until the lease ends."""
    query = (
        select_instances()
        .where(t.scope_id == scope_id, due(now))
        .order_by(t.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=instances)
    )
    rows = fetch_instances(connection, query)
    if not rows:
        return []
    values = {"protected_at_cloud": None, "protection_try_at": now + lease}
    connection.execute(update(instances).where(t.id.in_([r.id for r in rows])).values(**values))
    return rows


def learn(connection: Connection, on: Sequence[str], off: Sequence[str]) -> None:
    """The cloud has said so of these."""
    for ids, value in ((on, True), (off, False)):
        if ids:
            values = {"protected_at_cloud": value, "protection_try_at": None}
            connection.execute(update(instances).where(t.id.in_(ids)).values(**values))


def delay(connection: Connection, ids: Sequence[str], until: datetime) -> None:
    if ids:
        connection.execute(update(instances).where(t.id.in_(ids)).values(protection_try_at=until))


def pull_forward(connection: Connection, scope_id: int, now: datetime) -> list[str]:
    """Make due what waits for its next attempt; one that is being told at this moment may be told twice, which changes nothing."""
    late = update(instances).where(DIFFERS, t.scope_id == scope_id, t.protection_try_at > now)
    return list(connection.execute(late.values(protection_try_at=None).returning(t.id)).scalars())
