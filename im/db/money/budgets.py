"""Budgets as rows. The row is the lock: who wants to spend from it waits for whoever is just doing so."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Select, delete, select, text
from sqlalchemy.dialects.postgresql import insert

from im.db.schema.spending import budgets
from im.domain.money.budget import EVERYBODY, Budget

b = budgets.c
_PATIENCE = 25
"""Seconds: below the time limit of one statement."""


def lock(connection: Connection, owners: Iterable[str]) -> list[Budget]:
    """The budgets of `owners` and of everybody, locked until the transaction ends; the last lock a request takes.

    Whoever waits here waits for others who are counting, one after the other: for longer than for any other row.
    """
    connection.execute(text(f"SET LOCAL lock_timeout = '{_PATIENCE}s'"))
    return [Budget(*row) for row in connection.execute(_of(owners).with_for_update())]


def applies_to(connection: Connection, owners: Iterable[str]) -> bool:
    """Is there a budget of theirs, or of everybody? Takes no lock."""
    return connection.execute(_of(owners).limit(1)).first() is not None


def _of(owners: Iterable[str]) -> Select[*tuple[Any, ...]]:
    return select(b.owner, b.usd_per_month).where(b.owner.in_([EVERYBODY, *owners])).order_by(b.owner)


def listed(connection: Connection) -> list[Budget]:
    return [Budget(*row) for row in connection.execute(select(b.owner, b.usd_per_month).order_by(b.owner))]


def write(connection: Connection, owner: str, usd: Decimal, by: str, now: datetime) -> None:
    values = {"usd_per_month": usd, "set_by": by, "set_at": now}
    statement = insert(budgets).values(owner=owner, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["owner"], set_=values))


def remove(connection: Connection, owner: str) -> bool:
    """False when there was none."""
    return connection.execute(delete(budgets).where(b.owner == owner).returning(b.owner)).first() is not None
