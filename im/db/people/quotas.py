"""Quotas as rows. As with budgets the row is the lock: fifty requests at once are counted one after the other."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, delete, or_, select, text
from sqlalchemy.dialects.postgresql import insert

from im.db.schema.people import quotas
from im.domain.people.quota import Quota, QuotaFor

q = quotas.c
_PATIENCE = 25
"""Seconds: below the time limit of one statement; whoever waits here waits for others who are counting."""


def lock(connection: Connection, of: Iterable[tuple[QuotaFor, str]]) -> list[Quota]:
    """Those there are, locked until the transaction ends, in one order for everybody."""
    wanted = _these(of)
    if connection.execute(select(q.of).where(wanted).limit(1)).first() is None:
        return []
    connection.execute(text(f"SET LOCAL lock_timeout = '{_PATIENCE}s'"))
    return _read(connection, _all().where(wanted).with_for_update())


def one(connection: Connection, of: QuotaFor, name: str) -> Quota | None:
    return next(iter(_read(connection, _all().where(_these([(of, name)])))), None)


def alone(connection: Connection, of: QuotaFor, name: str) -> Quota | None:
    """The same; until the transaction ends nobody else sets or removes it, be it there or not."""
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": f"im quota {of.value} {name}"})
    return next(iter(lock(connection, [(of, name)])), None)


def listed(connection: Connection) -> list[Quota]:
    return _read(connection, _all())


def write(connection: Connection, quota: Quota, by: str, now: datetime) -> None:
    alone(connection, quota.of, quota.name)
    values = {
        "live": quota.live,
        "usd_per_hour": quota.usd_per_hour,
        "longest_ttl": _seconds(quota.longest_ttl),
        "longest_life": _seconds(quota.longest_life),
        "types": list(quota.types),
        "set_by": by,
        "set_at": now,
    }
    statement = insert(quotas).values(of=quota.of.value, name=quota.name, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["of", "name"], set_=values))


def remove(connection: Connection, of: QuotaFor, name: str) -> bool:
    """False when there was none."""
    alone(connection, of, name)
    return connection.execute(delete(quotas).where(q.of == of.value, q.name == name)).rowcount == 1


def _these(of: Iterable[tuple[QuotaFor, str]]) -> ColumnElement[bool]:
    return or_(*(and_(q.of == kind.value, q.name == name) for kind, name in of))


def _all() -> Select[*tuple[Any, ...]]:
    columns = (q.of, q.name, q.live, q.usd_per_hour, q.longest_ttl, q.longest_life, q.types)
    return select(*columns).order_by(q.of, q.name)


def _read(connection: Connection, query: Select[*tuple[Any, ...]]) -> list[Quota]:
    return [
        Quota(QuotaFor(of), name, live, usd, _span(ttl), _span(life), tuple(types))
        for of, name, live, usd, ttl, life, types in connection.execute(query)
    ]


def _span(seconds: int | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)


def _seconds(span: timedelta | None) -> int | None:
    return None if span is None else int(span.total_seconds())
