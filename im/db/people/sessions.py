"""Sessions and one-use links as rows: what proves them, never the secret."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, delete, insert, or_, select, update

from im.db.schema.sessions import links, sessions
from im.domain.people.session import IDLE, How, Link, Session

s = sessions.c
_SEEN = timedelta(minutes=1)
"""How exact `seen_at` is: a page that asks each second writes no row each second."""


def add(connection: Connection, session: Session, digest: str) -> None:
    values = {column.name: getattr(session, column.name) for column in sessions.c if column.name != "digest"}
    connection.execute(insert(sessions).values(**values, digest=digest))


def by_digest(connection: Connection, digest: str) -> Session | None:
    return next(iter(_read(connection, _all().where(s.digest == digest))), None)


def by_id(connection: Connection, session_id: str) -> Session | None:
    return next(iter(_read(connection, _all().where(s.id == session_id))), None)


def listed(connection: Connection, login: str | None, now: datetime) -> list[Session]:
    """Those that are not over, of one user or of everybody, the last seen first."""
    alive = _all().where(s.revoked_at.is_(None), s.expires_at > now, s.seen_at > now - IDLE)
    query = alive if login is None else alive.where(s.login == login)
    return _read(connection, query.order_by(s.seen_at.desc(), s.id))


def is_noted(session: Session, now: datetime) -> bool:
    """Is it on record already that it is in use?"""
    return session.seen_at >= now - _SEEN


def seen(connection: Connection, session: Session, now: datetime) -> None:
    connection.execute(update(sessions).where(s.id == session.id, s.seen_at < now).values(seen_at=now))


def revoke(connection: Connection, session_id: str, now: datetime) -> bool:
    """False where it is over already."""
    statement = update(sessions).where(s.id == session_id, s.revoked_at.is_(None)).values(revoked_at=now)
    return connection.execute(statement).rowcount == 1


def revoke_of(connection: Connection, login: str, now: datetime) -> int:
    """All of one user's, and what would begin others; how many sessions that were."""
    connection.execute(delete(links).where(links.c.login == login))
    statement = update(sessions).where(s.login == login, s.revoked_at.is_(None)).values(revoked_at=now)
    return connection.execute(statement).rowcount


def forget(connection: Connection, now: datetime) -> int:
    """Sessions that are over, and links that nobody has used."""
    over = or_(s.revoked_at.is_not(None), s.expires_at <= now, s.seen_at <= now - IDLE)
    connection.execute(delete(links).where(links.c.expires_at <= now))
    return connection.execute(delete(sessions).where(over)).rowcount


def add_link(connection: Connection, link: Link, digest: str) -> None:
    values = {"login": link.login, "token": link.token, "local": link.local, "expires_at": link.expires_at}
    connection.execute(insert(links).values(digest=digest, **values))


def link(connection: Connection, digest: str, now: datetime) -> Link | None:
    """Whom it signs in; it stays. None for one that is over, was used or never was."""
    columns = (links.c.login, links.c.token, links.c.local, links.c.expires_at)
    row = connection.execute(select(*columns).where(links.c.digest == digest, links.c.expires_at > now)).first()
    return None if row is None else Link(*row)


def use_link(connection: Connection, digest: str, now: datetime) -> Link | None:
    """The same, and it is used: whoever comes second finds none."""
    statement = delete(links).where(links.c.digest == digest, links.c.expires_at > now)
    columns = (links.c.login, links.c.token, links.c.local, links.c.expires_at)
    row = connection.execute(statement.returning(*columns)).first()
    return None if row is None else Link(*row)


def _all() -> Select[*tuple[Any, ...]]:
    return select(*[column for column in sessions.c if column.name != "digest"])


def _read(connection: Connection, query: Select[*tuple[Any, ...]]) -> list[Session]:
    return [of_row(row) for row in connection.execute(query).mappings()]


def of_row(row: Mapping[Any, Any]) -> Session:
    return Session(**{**row, "how": How(row["how"])})
