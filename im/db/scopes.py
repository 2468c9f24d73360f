"""Where machines live and how well each place can be watched."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Select, func, select, update
from sqlalchemy.dialects.postgresql import insert

from im.db.made_once import made_once
from im.db.read.connection import ask
from im.db.schema.core import scopes
from im.domain.scope import Scope

if TYPE_CHECKING:
    from im.domain.sighting import Listed


def _place(scope: Scope) -> dict[str, str]:
    return {"provider": scope.provider, "account": scope.account, "region": scope.region}


def ensure(connection: Connection, scope: Scope) -> int:
    """The scope's number, made if it is new: which it is once."""
    place = _place(scope)
    known = "SELECT id FROM scopes WHERE provider = %(provider)s AND account = %(account)s AND region = %(region)s"
    if not (found := ask(connection, known, **place)):
        connection.execute(insert(scopes).values(**place).on_conflict_do_nothing())
        found = ask(connection, known, **place)
    return int(found[0][0])


def number_of(connection: Connection, scope: Scope) -> int | None:
    return connection.execute(select(scopes.c.id).filter_by(**_place(scope))).scalar_one_or_none()


def read(connection: Connection, number: int) -> Scope | None:
    row = connection.execute(*_by_number(number=number)).first()
    return Scope(*row) if row else None


@made_once
def _by_number(number: int) -> Select[Any]:
    return select(scopes.c.provider, scopes.c.account, scopes.c.region).where(scopes.c.id == number)


def places(connection: Connection, numbers: Sequence[int]) -> dict[int, Scope]:
    """Where the scopes of these numbers are; an unknown number is in no place."""
    found = connection.execute(*_by_numbers(numbers=list(numbers)))
    return {row.id: Scope(row.provider, row.account, row.region) for row in found}


@made_once
def _by_numbers(numbers: Sequence[int]) -> Select[Any]:
    return select(scopes.c.id, scopes.c.provider, scopes.c.account, scopes.c.region).where(scopes.c.id.in_(numbers))


def known(connection: Connection) -> list[int]:
    """Every scope there ever was: one that has nothing to watch may still have machines of ours without a row."""
    return list(connection.execute(select(scopes.c.id).order_by(scopes.c.id)).scalars())


def account_of(connection: Connection, provider: str, account: str) -> str | None:
    """Which account of the cloud our name for one has meant so far; None when the cloud was never asked."""
    query = select(scopes.c.cloud_account).where(scopes.c.provider == provider, scopes.c.account == account)
    found: str | None = connection.execute(
        query.where(scopes.c.cloud_account.is_not(None)).order_by(scopes.c.id)
    ).scalar()
    return found


@made_once
def _account(provider: str, account: str, region: str) -> Select[Any]:
    return select(scopes.c.cloud_account).filter_by(provider=provider, account=account, region=region)


def belongs_to(connection: Connection, scope: Scope, cloud_account: str) -> str:
    """Remember which account of the cloud this scope is; returns the remembered one, which may be another.

    One name means one account, in every region: a new region asks what the name has meant so far.
    """
    kept = connection.execute(*_account(**_place(scope))).scalar_one()
    if kept is not None:
        return str(kept)
    named = (scopes.c.provider == scope.provider, scopes.c.account == scope.account)
    elsewhere = scopes.alias()
    so_far = (
        select(elsewhere.c.cloud_account)
        .where(elsewhere.c.provider == scope.provider, elsewhere.c.account == scope.account)
        .where(elsewhere.c.cloud_account.is_not(None))
        .order_by(elsewhere.c.id)
        .limit(1)
        .scalar_subquery()
    )
    statement = (
        update(scopes)
        .where(*named, scopes.c.region == scope.region)
        .values(cloud_account=func.coalesce(scopes.c.cloud_account, so_far, cloud_account))
        .returning(scopes.c.cloud_account)
    )
    return str(connection.execute(statement).scalar_one())


def report(connection: Connection, number: int, listed: Listed) -> bool:
    """Write down how a listing of the scope went. Was it failing until now?"""
    trouble = {"error_code": listed.error_code, "error": listed.error if listed.error_code else None}
    values: dict[str, Any] = (
        {"refreshed_at": listed.began_at, "failing_since": None, **trouble}
        if listed.error_code is None
        else {"failing_since": func.coalesce(scopes.c.failing_since, listed.began_at), **trouble}
    )
    if listed.clock_skew is not None:
        values["clock_skew"] = listed.clock_skew
    before = scopes.alias()
    old = select(before.c.id, before.c.failing_since).where(before.c.id == number).with_for_update().cte("old")
    written = update(scopes).where(scopes.c.id == old.c.id).values(**values).returning(old.c.failing_since)
    return connection.execute(written).scalar() is not None


def seen_at(connection: Connection, number: int) -> datetime | None:
    """When the newest complete listing of the scope began; None before the first."""
    return connection.execute(select(scopes.c.refreshed_at).where(scopes.c.id == number)).scalar_one_or_none()
