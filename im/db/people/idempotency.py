"""Keys by which a client says that two requests are one: a row in the same transaction as the request itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from im.db.schema.core import events
from im.db.schema.people import idempotency

k = idempotency.c
KEPT = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Kept:
    digest: str
    request_id: str
    status: int | None
    answer: str | None


def claim(connection: Connection, login: str, key: str, digest: str, request_id: str, now: datetime) -> bool:
    """True for the one request that has the key from now on. Whoever asks at the same instant waits for its transaction."""
    connection.execute(delete(idempotency).where(k.login == login, k.key == key, k.at < now - KEPT))
    statement = insert(idempotency).values(login=login, key=key, digest=digest, request_id=request_id, at=now)
    return connection.execute(statement.on_conflict_do_nothing()).rowcount == 1


def read(connection: Connection, login: str, key: str, now: datetime) -> Kept | None:
    query = select(k.digest, k.request_id, k.status, k.answer)
    row = connection.execute(query.where(k.login == login, k.key == key, k.at >= now - KEPT)).first()
    return None if row is None else Kept(*row)


def answered(connection: Connection, login: str, key: str, status: int, answer: str) -> None:
    connection.execute(update(idempotency).where(k.login == login, k.key == key).values(status=status, answer=answer))


def touched(connection: Connection, request_id: str) -> list[str]:
    """The instances that a request has changed, by the history."""
    query = select(events.c.instance_id).where(events.c.request_id == request_id).order_by(events.c.id)
    return list(dict.fromkeys(connection.execute(query).scalars()))


def forget(connection: Connection, now: datetime, limit: int) -> int:
    """Keys that are over."""
    old = select(k.login, k.key).where(k.at < now - KEPT).limit(limit).cte("old")
    return connection.execute(delete(idempotency).where(k.login == old.c.login, k.key == old.c.key)).rowcount
