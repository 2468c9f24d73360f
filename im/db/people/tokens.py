"""Tokens as rows: what proves them, never the secret."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, insert, or_, select, update

from im.db.schema.people import tokens
from im.domain.access import Grant
from im.domain.people.token import Token

t = tokens.c
_SAID = timedelta(minutes=1)
"""How exact `last_used_at` is: a program that asks each second writes no row each second."""


def add(connection: Connection, token: Token, digest: str) -> None:
    connection.execute(insert(tokens).values(digest=digest, **_values(token)))


def by_id(connection: Connection, token_id: str) -> Token | None:
    return next(iter(_read(connection, _all().where(t.id == token_id))), None)


def listed(connection: Connection, login: str | None) -> list[Token]:
    """Of one user, or of everybody; the newest first, those that are over behind."""
    query = _all() if login is None else _all().where(t.login == login)
    return _read(connection, query.order_by(t.revoked_at.is_not(None), t.made_at.desc(), t.id))


def is_noted(token: Token, now: datetime) -> bool:
    """Is it on record already that it is in use?"""
    return token.last_used_at is not None and token.last_used_at >= now - _SAID


def used(connection: Connection, token_id: str, now: datetime) -> None:
    long_ago = or_(t.last_used_at.is_(None), t.last_used_at < now - _SAID)
    connection.execute(update(tokens).where(t.id == token_id, long_ago).values(last_used_at=now))


def revoke(connection: Connection, token_id: str, now: datetime) -> bool:
    """False where it is over already."""
    statement = update(tokens).where(t.id == token_id, t.revoked_at.is_(None)).values(revoked_at=now)
    return connection.execute(statement).rowcount == 1


def revoke_of(connection: Connection, login: str, now: datetime) -> int:
    """All of one user's; how many that were."""
    statement = update(tokens).where(t.login == login, t.revoked_at.is_(None)).values(revoked_at=now)
    return connection.execute(statement).rowcount


def shorten(connection: Connection, token_id: str, expires_at: datetime) -> None:
    """It ends then, unless it ends before."""
    connection.execute(update(tokens).where(t.id == token_id, t.expires_at > expires_at).values(expires_at=expires_at))


def _all() -> Select[*tuple[Any, ...]]:
    return select(*[column for column in tokens.c if column.name != "digest"])


def _read(connection: Connection, query: Select[*tuple[Any, ...]]) -> list[Token]:
    return [of_row(row) for row in connection.execute(query).mappings()]


def of_row(row: Mapping[Any, Any]) -> Token:
    return Token(**{**row, "grants": frozenset(map(Grant, row["grants"]))})


def _values(token: Token) -> dict[str, Any]:
    return {
        "id": token.id,
        "login": token.login,
        "name": token.name,
        "shown": token.shown,
        "grants": sorted(token.grants),
        "made_at": token.made_at,
        "made_by": token.made_by,
        "expires_at": token.expires_at,
        "break_glass": token.break_glass,
    }
