"""Is there anything to do for these instances? One prepared statement on a connection of its own, and no transaction.

Most doorbells are late: the tick, or the doorbell before, has done what they ring for. Asked in a transaction such a one costs
six round trips to Postgres and the making of three statements; this costs one round trip. It reads what is committed, in a
look that begins after the doorbell was taken and ends before it is acknowledged; it decides and changes nothing: whatever it points
at is claimed under a lock afterwards.

It may see too much, for it does not ask whether a row is due yet; it never sees too little. Where it cannot look, for any
reason, it says so, and the caller asks in the ordinary way, whose errors a person can act on.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

import psycopg2

from im.db.read.connection import connect
from im.domain.errors import ImError

if TYPE_CHECKING:
    from im.db.session import Session

_CANNOT = (psycopg2.Error, ImError)


def statement() -> str:
    """The question in SQL, with the ids as its one parameter, $1. Made of the very conditions that those ask who then claim."""
    # a command line has one too, and never uses it
    from sqlalchemy import or_, select, text
    from sqlalchemy.dialects import postgresql

    from im.db.instances import claims, protection, shelf, spot
    from im.db.schema.core import instances

    anything = or_(claims.UNSETTLED, protection.DIFFERS, spot.OPEN, shelf.WORK)
    query = select(instances.c.scope_id).where(text("instances.id = ANY ($1)"), anything).distinct()
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    return str(query.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))


class PendingWork:
    """Lazily connected, kept, and opened anew after a fork; safe to share between threads."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = threading.Lock()
        self._connection: Session | None = None
        self._pid = 0
        self._never = False

    def __call__(self, ids: Sequence[str]) -> list[int] | None:
        """The scopes in which something of these instances may be waiting for work; None when that could not be asked."""
        with self._lock:
            if self._never:
                return None
            kept = self._connection is not None and self._pid == os.getpid()
            try:
                return self._ask(ids)
            except _CANNOT:
                self._drop()
                if not kept:
                    return None
            try:
                return self._ask(ids)  # what was kept had been closed at the other end
            except _CANNOT:
                self._drop()
                return None

    def close(self) -> None:
        with self._lock:
            self._drop()

    def _ask(self, ids: Sequence[str]) -> list[int] | None:
        if self._connection is None or self._pid != os.getpid():
            self._connection, self._pid = self._connect(), os.getpid()
        if self._connection is None:
            return None
        with self._connection.cursor() as cursor:
            cursor.execute("EXECUTE glance (%s)", (list(ids),))
            return [number for (number,) in cursor.fetchall()]

    def _connect(self) -> Session | None:
        # a plan for any ids: choosing one anew each time costs as much as the looking
        connection = connect(self._url, "-c plan_cache_mode=force_generic_plan")
        if connection.shared:  # what one transaction prepares, the next would look for in somebody else's session
            self._never = True
            connection.close()
            return None
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(f"PREPARE glance (text[]) AS {statement()}")
        except psycopg2.Error:
            connection.close()
            raise
        return connection

    def _drop(self) -> None:
        if self._connection is not None and self._pid == os.getpid():
            self._connection.close()
        self._connection = None
