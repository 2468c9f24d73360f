"""What has to be known of whoever asks, in one statement: the token or the session that they hold, and its user as it is now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

from im.db.people import sessions, tokens, users
from im.db.read.connection import ReadTransaction, ask
from im.domain.people.session import Session
from im.domain.people.token import Token
from im.domain.people.user import User

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class Right:
    """Nothing of it is judged here: it may be over, and its user disabled."""

    at: datetime
    """When it was so, by the database's clock."""
    token: Token | None
    """What was shown, or what the session is bound to; None also for one that is gone."""
    user: User | None
    """The token's, or else the session's."""
    session: Session | None = None
    any_users: bool = True
    """Has the deployment users at all? Looked at for sessions alone."""


_TOKEN, _USER, _SESSION = (tuple(one.name for one in fields(kind)) for kind in (Token, User, Session))


def _of(table: str, columns: Sequence[str]) -> str:
    return ", ".join(f"{table}.{name}" for name in columns)


_BY_TOKEN = (
    f"SELECT clock_timestamp(), {_of('t', _TOKEN)}, {_of('u', _USER)}"  # noqa: S608  # names of our own fields
    " FROM tokens t LEFT JOIN users u ON u.login = t.login WHERE t.digest = %(digest)s"
)
_BY_SESSION = (
    f"SELECT clock_timestamp(), {_of('t', _TOKEN)}, {_of('u', _USER)}, {_of('s', _SESSION)},"  # noqa: S608
    " EXISTS (SELECT FROM users)"
    " FROM sessions s LEFT JOIN tokens t ON t.id = s.token LEFT JOIN users u ON u.login = coalesce(t.login, s.login)"
    " WHERE s.digest = %(digest)s"
)


def by_token(connection: Connection | ReadTransaction, digest: str) -> Right | None:
    """None for a token that never was."""
    rows = ask(connection, _BY_TOKEN, digest=digest)
    return _right(rows[0]) if rows else None


def by_session(connection: Connection | ReadTransaction, digest: str) -> Right | None:
    rows = ask(connection, _BY_SESSION, digest=digest)
    return _right(rows[0]) if rows else None


def _right(row: Sequence[Any]) -> Right:
    at, *values = row
    parts: list[dict[str, Any] | None] = []
    for names in (_TOKEN, _USER, _SESSION):
        part, values = values[: len(names)], values[len(names) :]
        # a row that the join has not found has no key either
        parts.append(dict(zip(names, part, strict=True)) if part and part[0] is not None else None)
    token, user, session = parts
    return Right(
        at,
        tokens.of_row(token) if token else None,
        users.of_row(user) if user else None,
        sessions.of_row(session) if session else None,
        bool(values[0]) if values else True,
    )
