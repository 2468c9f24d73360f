"""The one way to Postgres: a pooled engine with time limits everywhere, transactions, and errors a person can act on."""

from __future__ import annotations

import select
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property, partial
from typing import Any

import psycopg2
import psycopg2.errors
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import IntegrityError, InternalError, InvalidatePoolError, OperationalError, ProgrammingError

from im.db.address import arguments, shown
from im.db.constraints import broken_rule
from im.db.read.connection import DENIED, NOT_MIGRATED, connect, denied, no_answer, not_migrated, unreachable
from im.db.session import Session
from im.domain.errors import Unavailable, Uncertain

_CROWDED = (psycopg2.errors.LockNotAvailable, psycopg2.errors.DeadlockDetected)
QUIET = 5.0
"""Seconds after which a kept connection is asked whether it is there, whatever its socket says: a network that fails tells neither
side, and nor do some poolers."""
_RETURNED = "im.returned"


class Database:
    """Lazily connected; safe to make before a fork as long as it is first used after it."""

    def __init__(self, url: str) -> None:
        self._url = url

    @cached_property
    def engine(self) -> Engine:
        return make_engine(self._url)

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """One transaction. Raises Unavailable when Postgres is away, a standby or without our schema, or others hold its rows.

        Uncertain when it went away at the COMMIT: `outcome.certain` finds out what became of that. Refused for what one of our
        checks refuses, NameTaken and MachineTaken for what has to be unique; only the caller knows which of those it wrote.
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
            if not unreachable(exc.orig):
                raise
            if ended:
                raise Uncertain(
                    f"the database at {shown(self._url)} went away at the very end: what was being written may be stored",
                    "look first: `im list` and `im history NAME` show what was stored; type it again only if it is not",
                ) from exc
            raise no_answer(self._url, exc.orig or exc) from exc
        except ProgrammingError as exc:
            if isinstance(exc.orig, DENIED):
                raise denied(self._url, exc.orig) from exc
            if not isinstance(exc.orig, NOT_MIGRATED):
                raise
            raise not_migrated() from exc
        except IntegrityError as exc:
            if (refused := broken_rule(exc)) is None:
                raise
            raise refused from exc
        except InternalError as exc:  # what SQLAlchemy makes of a transaction that may only read
            if not isinstance(exc.orig, DENIED):
                raise
            raise denied(self._url, exc.orig) from exc

    def dispose(self) -> None:
        if "engine" in self.__dict__:
            self.engine.dispose()


def make_engine(url: str) -> Engine:
    """An engine on `url`. Raises Refused or Unavailable for a useless URL."""
    arguments(url)
    engine = create_engine(
        "postgresql+psycopg2://",
        creator=partial(connect, url),
        # nothing of ours is an hstore: each new connection would ask for the number of that type
        use_native_hstore=False,
        pool_recycle=900,
        pool_timeout=10,
        pool_size=5,
        # an error that is told or logged repeats no values: user data may be among them
        hide_parameters=True,
    )
    event.listen(engine, "begin", _set_limits)
    _check_before_use(engine)
    return engine


def _set_limits(connection: Connection) -> None:
    session = connection.connection.dbapi_connection
    assert isinstance(session, Session)
    session.begin_settings()


def _check_before_use(engine: Engine) -> None:
    """What a server that ended, or a pooler that hung up, left in the pool is replaced before anybody uses it.

    An end is readable at once at the client's socket, where nothing else may be waiting between two transactions. SQLAlchemy's own
    `pool_pre_ping` asks each time: a fifth of all that a worker sent to Postgres.
    """

    def returned(_: Any, record: Any) -> None:
        record.info[_RETURNED] = time.monotonic()

    def wanted(session: Any, record: Any, _: Any) -> None:
        since = record.info.get(_RETURNED)
        if since is None or (time.monotonic() - since < QUIET and not _readable(session)):
            return
        try:
            engine.dialect.do_ping(session)
        except psycopg2.Error as exc:
            record.info.pop(_RETURNED)
            raise InvalidatePoolError from exc

    event.listen(engine, "checkin", returned)
    event.listen(engine, "checkout", wanted)


def _readable(session: Any) -> bool:
    look = select.poll()
    look.register(session.fileno(), select.POLLIN | select.POLLHUP | select.POLLERR)
    return bool(look.poll(0))
