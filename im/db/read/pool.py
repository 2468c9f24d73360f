"""Looks by many threads at once, over connections that are kept: what `im web` reads.

Each statement is a transaction by itself, of one round trip. At READ COMMITTED, which is all that a look has, the statements of one
transaction see no more of one another than those of several: nothing is lost by it, and BEGIN, ROLLBACK and a question whether the
server is still there are saved for each look.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, Any

import psycopg2

from im.db.read.connection import ReadTransaction, connect, telling

if TYPE_CHECKING:
    from im.db.session import Session

KEPT = 12
"""Connections that are kept at most; what is opened beyond that in a rush is closed after it."""


class ReadPool:
    """Connected when the first looks; safe to share between threads, not over a fork."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = Lock()
        self._idle: list[Session] = []
        self._closed = False

    @contextmanager
    def look(self) -> Iterator[ReadTransaction]:
        """Raises as ReadConnection.look does."""
        looking = _Look(self)
        try:
            with telling(self._url):
                yield looking
        finally:
            looking.end()

    def close(self) -> None:
        with self._lock:
            idle, self._idle, self._closed = self._idle, [], True
        for one in idle:
            one.close()

    def take(self) -> tuple[Session, bool]:
        """A connection of the caller's own, and whether it was kept: then it may be closed at the other end."""
        with self._lock:
            if self._idle:
                return self._idle.pop(), True
        return self.new(), False

    def new(self) -> Session:
        made = connect(self._url)
        made.autocommit = True
        return made

    def give_back(self, raw: Session) -> None:
        with self._lock:
            if not raw.closed and not self._closed and len(self._idle) < KEPT:
                self._idle.append(raw)
                return
        raw.close()


class _Look(ReadTransaction):
    def __init__(self, pool: ReadPool) -> None:
        self._pool = pool
        self._raw: Session | None = None  # type: ignore[assignment]  # taken for the first statement

    def rows(self, statement: str, given: Mapping[str, Any]) -> list[Any]:
        if self._raw is None:
            self._raw, kept = self._pool.take()
            if kept:
                try:
                    return self._asked(self._raw, statement, given)
                except (psycopg2.OperationalError, psycopg2.InterfaceError):
                    if not self._raw.closed:
                        raise
                # closed at the other end since; what only reads may be asked once more
                self._raw = self._pool.new()
        return self._asked(self._raw, statement, given)

    def end(self) -> None:
        if self._raw is not None:
            self._pool.give_back(self._raw)
            self._raw = None

    def _asked(self, raw: Session, statement: str, given: Mapping[str, Any]) -> list[Any]:
        # what a session behind a pooler could not be given is set in the statement's own transaction
        whole = f"{raw.first}; {statement}" if raw.shared else statement
        with raw.cursor() as cursor:
            cursor.execute(whole, given)
            return cursor.fetchall()
