"""The one way to Postgres: a pooled engine with time limits everywhere, transactions, and errors a person can act on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property

import psycopg2
import psycopg2.errors
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError, ProgrammingError

from im.domain.errors import Refused, Unavailable, Uncertain
from im.settings import redact

SESSION = (
    "-c statement_timeout=30s -c lock_timeout=5s -c idle_in_transaction_session_timeout=60s -c timezone=UTC"
    " -c random_page_cost=1.1"
)
"""Postgres expects a disk that turns (a random_page_cost of 4): it then reads a table of three pages from end to end, and a session
goes on doing so for its foreign keys when thousands of rows have come since. Creating a thousand took twice as long."""
CONNECT = {
    "connect_timeout": 5,
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "application_name": "im",
}


_CROWDED = (psycopg2.errors.LockNotAvailable, psycopg2.errors.DeadlockDetected)


def database_clock(connection: Connection) -> datetime:
    """Now, by Postgres' own clock; not the start of the transaction."""
    now: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return now


class Database:
    """Lazily connected; safe to make before a fork as long as it is first used after it."""

    def __init__(self, url: str) -> None:
        self._url = url

    @cached_property
    def engine(self) -> Engine:
        return make_engine(self._url)

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """One transaction. Raises Unavailable when Postgres cannot be reached, its schema is not ours, or others hold its rows.

        Uncertain when it went away at the COMMIT: `outcome.certain` finds out what became of that.
        """
        ended = False
        try:
            with self.engine.begin() as connection:
                yield connection
                ended = True
        except OperationalError as exc:
            if isinstance(exc.orig, _CROWDED):
                raise Unavailable(
                    "the database is busy: others were changing the same rows for too long, so nothing was written",
                    "try again; `im doctor` tells whether something is stuck",
                ) from exc
            if not _unreachable(exc):
                raise
            if ended:
                raise Uncertain(
                    f"the database at {redact(self._url)} went away at the very end: what was being written may be stored",
                    "look first: `im list` and `im history NAME` show what was stored; type it again only if it is not",
                ) from exc
            raise Unavailable(
                f"the database at {redact(self._url)} does not answer: {_first_line(exc)}",
                "start it (`im up` for the local stack), or set IM_DATABASE_URL; `im doctor` tells more",
            ) from exc
        except ProgrammingError as exc:
            if not isinstance(exc.orig, psycopg2.errors.UndefinedTable | psycopg2.errors.UndefinedColumn):
                raise
            raise Unavailable("the database has not been migrated to this version", "run `im db upgrade`") from exc

    def dispose(self) -> None:
        if "engine" in self.__dict__:
            self.engine.dispose()


def make_engine(url: str) -> Engine:
    """An engine on `url` (a bare `postgresql://` means psycopg2 here). Raises Refused or Unavailable for a useless URL."""
    if not url:
        raise Unavailable(
            "no database is named and no local stack is running",
            "`im up` starts one on this machine; a fleet sets IM_DATABASE_URL and IM_BROKER_URL",
        )
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise Refused("IM_DATABASE_URL is not a URL", "write postgresql://user:password@host/database") from None
    if parsed.get_backend_name() not in ("postgresql", "postgres"):
        raise Refused(
            f"IM_DATABASE_URL names {parsed.get_backend_name()}, but im keeps its rows in Postgres",
            "write postgresql://user:password@host/database",
        )
    return create_engine(
        # SQLAlchemy 2.1 reads a bare postgresql:// as psycopg 3
        parsed.set(drivername="postgresql+psycopg2"),
        pool_pre_ping=True,
        pool_recycle=900,
        pool_timeout=10,
        pool_size=5,
        # an error that is told or logged repeats no values: user data may be among them
        hide_parameters=True,
        connect_args={**CONNECT, "options": SESSION},
    )


def _unreachable(exc: DBAPIError) -> bool:
    """A server that is not there, going down, coming up or full; not a deadlock or a time-out of one statement."""
    code = getattr(exc.orig, "pgcode", None)
    return code is None or (code[:2] in ("08", "57", "53") and code != "57014")


def _first_line(exc: DBAPIError) -> str:
    lines = str(exc.orig).strip().splitlines()
    return redact(lines[0]) if lines else type(exc.orig).__name__
