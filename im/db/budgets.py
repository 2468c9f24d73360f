"""Budgets as rows. The row is the lock: who wants to spend from it waits for whoever is just doing so."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.postgresql import insert

from im.db.money_tables import budgets
from im.domain.budget import EVERYBODY, Budget

b = budgets.c


def hold(connection: Connection, owners: Iterable[str]) -> list[Budget]:
    """The budgets of `owners` and of everybody, locked until the transaction ends; the last lock a request takes."""
    query = select(b.owner, b.usd_per_month).where(b.owner.in_([EVERYBODY, *owners])).order_by(b.owner)
    if connection.execute(query.limit(1)).first() is None:
        return []
    return [Budget(*row) for row in connection.execute(query.with_for_update())]


def listed(connection: Connection) -> list[Budget]:
    return [Budget(*row) for row in connection.execute(select(b.owner, b.usd_per_month).order_by(b.owner))]


def write(connection: Connection, owner: str, usd: Decimal, by: str, now: datetime) -> None:
    values = {"usd_per_month": usd, "set_by": by, "set_at": now}
    statement = insert(budgets).values(owner=owner, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["owner"], set_=values))


def remove(connection: Connection, owner: str) -> bool:
    """False when there was none."""
    return connection.execute(delete(budgets).where(b.owner == owner).returning(b.owner)).first() is not None
