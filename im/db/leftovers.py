"""Surveys that people have asked for, and the leftovers that workers have found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Connection, delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from im.db.instances.spec import to_spec
from im.db.made_once import made_once
from im.db.schema.core import instances, launches, scopes
from im.db.schema.launch_inputs import leftovers, surveys
from im.domain.leftover import Leftover
from im.domain.scope import Scope
from im.domain.spec.spec import Spec

t, s = leftovers.c, surveys.c
_APPROVED = (t.condemned_at.is_not(None), t.gone_at.is_(None))


def _unanswered() -> ColumnElement[bool]:
    return or_(s.answered_at.is_(None), s.answered_at < s.asked_at)


def ask(connection: Connection, numbers: Sequence[int], now: datetime) -> None:
    """Somebody wants to know what lies unused in these scopes now."""
    for number in numbers:
        new = insert(surveys).values(scope_id=number, asked_at=now)
        connection.execute(new.on_conflict_do_update(index_elements=["scope_id"], set_={"asked_at": now}))


def pending(connection: Connection) -> list[int]:
    """The scopes in which a question is open, or something approved for deletion is not gone."""
    return sorted(connection.execute(*_pending()).scalars())


@made_once
def _pending() -> CompoundSelect[Any]:
    open_ones = select(s.scope_id).where(_unanswered())
    return open_ones.union(select(t.scope_id).where(*_APPROVED))


def asked_at(connection: Connection, number: int) -> datetime | None:
    """When the open question of a scope was asked; None when there is none."""
    return connection.execute(select(s.asked_at).where(s.scope_id == number, _unanswered())).scalar_one_or_none()


def answer(
    connection: Connection,
    number: int,
    asked: datetime,
    found: Sequence[Mapping[str, Any]],
    error: str | None,
    now: datetime,
) -> None:
    """Write what a survey has found, in place of what was found before; what is approved for deletion stays so."""
    connection.execute(update(surveys).where(s.scope_id == number).values(answered_at=asked, error=error))
    if error is not None:
        return
    connection.execute(
        delete(leftovers).where(t.scope_id == number, or_(t.condemned_at.is_(None), t.gone_at.is_not(None)))
    )
    for one in found:
        new = insert(leftovers).values(scope_id=number, seen_at=now, **one)
        connection.execute(new.on_conflict_do_update(index_elements=["scope_id", "provider_id"], set_={"seen_at": now}))


def approve_deletion(connection: Connection, things: Sequence[Leftover], actor: str, now: datetime) -> None:
    """Mark these for deletion."""
    for one in things:
        connection.execute(
            update(leftovers)
            .where(t.scope_id == one.number, t.provider_id == one.id, t.gone_at.is_(None))
            .values(condemned_at=now, condemned_by=actor, error=None)
        )


def approved(connection: Connection, number: int) -> list[Leftover]:
    return [one for one in _read(connection, number) if one.waiting]


def close(connection: Connection, number: int, things: Sequence[str], now: datetime) -> None:
    """They are gone."""
    connection.execute(
        update(leftovers).where(t.scope_id == number, t.provider_id.in_(things)).values(gone_at=now, error=None)
    )


def spare(connection: Connection, number: int, thing: str, why: str) -> None:
    """It stays: what a person has said of it is used up, and what stood against it is told."""
    connection.execute(
        update(leftovers)
        .where(t.scope_id == number, t.provider_id == thing)
        .values(condemned_at=None, condemned_by=None, error=why)
    )


def everything(connection: Connection) -> list[Leftover]:
    return _read(connection, None)


def troubles(connection: Connection) -> dict[Scope, str]:
    """The scopes that could not be looked at when last asked, and why."""
    query = (
        select(scopes.c.provider, scopes.c.account, scopes.c.region, s.error)
        .join(scopes, scopes.c.id == s.scope_id)
        .where(s.error.is_not(None))
    )
    return {Scope(p, a, r): str(error) for p, a, r, error in connection.execute(query)}


def specs_in_use(connection: Connection, number: int) -> list[Spec]:
    """Of every living instance of a scope, and of every launch that may yet be called."""
    living = select(instances.c.spec).where(instances.c.scope_id == number, instances.c.closed_at.is_(None))
    coming = select(launches.c.spec).where(launches.c.scope_id == number, launches.c.state.in_(("open", "called")))
    return [to_spec(spec) for query in (living, coming) for spec in connection.execute(query).scalars()]


def _read(connection: Connection, number: int | None) -> list[Leftover]:
    query = (
        select(leftovers, scopes.c.provider, scopes.c.account, scopes.c.region)
        .join(scopes, scopes.c.id == t.scope_id)
        .order_by(t.scope_id, t.kind, t.name)
    )
    if number is not None:
        query = query.where(t.scope_id == number)
    return [
        Leftover(
            Scope(r.provider, r.account, r.region),
            r.scope_id,
            r.provider_id,
            r.kind,
            r.name,
            r.detail,
            r.condemned_at,
            r.gone_at,
            r.error,
        )
        for r in connection.execute(query)
    ]
