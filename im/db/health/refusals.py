"""Which workers a cloud refuses, so that `im doctor` can name them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from im.db.read.connection import ReadTransaction, ask
from im.domain.scope import Scope

if TYPE_CHECKING:
    from sqlalchemy import Connection

CURRENT = timedelta(minutes=2)
"""A worker that is alive is refused again within seconds, or forgotten: what is older is of one that ended."""


def note(connection: Connection, worker: str, scope_id: int, code: str, error: str, now: datetime) -> None:
    ask_for = (
        "INSERT INTO refusals AS r (worker, scope_id, since, last_at, code, error)"
        " VALUES (%(worker)s, %(scope)s, %(now)s, %(now)s, %(code)s, %(error)s)"
        " ON CONFLICT (worker, scope_id) DO UPDATE SET last_at = excluded.last_at, code = excluded.code, error = excluded.error,"
        " since = CASE WHEN r.last_at < %(stale)s THEN excluded.since ELSE r.since END"
    )
    given = {
        "worker": worker[:200],
        "scope": scope_id,
        "now": now,
        "code": code,
        "error": error,
        "stale": now - CURRENT,
    }
    connection.exec_driver_sql(ask_for, given)


def forget(connection: Connection, worker: str, scope_id: int) -> None:
    given = {"worker": worker[:200], "scope": scope_id}
    connection.exec_driver_sql("DELETE FROM refusals WHERE worker = %(worker)s AND scope_id = %(scope)s", given)


def current(connection: Connection | ReadTransaction, now: datetime) -> list[tuple[str, Scope, datetime, str]]:
    """Worker, scope, since when, and the cloud's words."""
    rows = ask(
        connection,
        "SELECT worker, provider, account, region, since, r.error FROM refusals r JOIN scopes s ON s.id = r.scope_id"
        " WHERE last_at > %(after)s ORDER BY worker, scope_id",
        after=now - CURRENT,
    )
    return [(worker, Scope(*place), since, error) for worker, *place, since, error in rows]
