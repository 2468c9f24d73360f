"""Asking by the driver alone: SQL as text, on whichever connection the caller has.

Somebody waits for every `im list`, and SQLAlchemy takes longer to import than everything else of it together. So what a look
reads is written as SQL (in `im.db.read`) and goes through here:
over a `ReadTransaction` of its own, where nothing is written, or over SQLAlchemy's connection, in the transaction of a change. What
changes rows is made with SQLAlchemy.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import psycopg2
import psycopg2.errors

from im.db.address import WRITE, arguments, shown
from im.db.session import Session, open_session
from im.domain.errors import Refused, Unavailable
from im.secret import conceal

if TYPE_CHECKING:
    from sqlalchemy import Connection

CONNECT = {
    "connect_timeout": 5,
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "application_name": "im",
}
NOT_MIGRATED = (psycopg2.errors.UndefinedTable, psycopg2.errors.UndefinedColumn)


DENIED = (psycopg2.errors.InsufficientPrivilege, psycopg2.errors.ReadOnlySqlTransaction)
"""The URL's user is known, and may not do this; or the server is a standby, where nobody may."""


class ReadTransaction:
    """One transaction that only reads, on a connection of the driver's own."""

    def __init__(self, raw: Session) -> None:
        self._raw = raw

    def rows(self, statement: str, given: Mapping[str, Any]) -> list[Any]:
        with self._raw.cursor() as cursor:
            cursor.execute(statement, given)
            return cursor.fetchall()


class Moment(ReadTransaction):
    """A moment that was read with something else already: whoever asks it for the database's clock is told that one."""

    def __init__(self, at: datetime) -> None:
        self.at = at


def ask(connection: Connection | ReadTransaction, statement: str, **given: Any) -> Sequence[Any]:
    """The rows, as sequences; `%(name)s` in `statement` stands for `given`, and a list is an array there."""
    if isinstance(connection, ReadTransaction):
        return connection.rows(statement, given)
    return connection.exec_driver_sql(statement, given).all()


def database_clock(connection: Connection | ReadTransaction) -> datetime:
    """Now, by Postgres' own clock; not the start of the transaction."""
    if isinstance(connection, Moment):
        return connection.at
    now: datetime = ask(connection, "SELECT clock_timestamp()")[0][0]
    return now


class ReadConnection:
    """Looks, one after the other, on one connection that is made when the first begins; not to be shared between threads."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._raw: Session | None = None
        self._pid = 0

    @contextmanager
    def look(self) -> Iterator[ReadTransaction]:
        """One look. Raises Unavailable when Postgres cannot be reached, or its schema is not ours; Refused for a useless URL."""
        with telling(self._url):
            try:
                raw = self._connected()
                try:
                    raw.begin_settings()
                    yield ReadTransaction(raw)
                finally:
                    if not raw.closed:
                        raw.rollback()
            except psycopg2.OperationalError:
                self.close()
                raise

    def close(self) -> None:
        if self._raw is not None and self._pid == os.getpid():
            self._raw.close()
        self._raw = None

    def _connected(self) -> Session:
        if self._raw is not None and self._pid == os.getpid():
            try:
                with self._raw.cursor() as cursor:
                    cursor.execute("SELECT 1")
                self._raw.rollback()
            except psycopg2.Error:
                self.close()  # closed at the other end since
            else:
                return self._raw
        self._raw, self._pid = connect(self._url), os.getpid()
        self._raw.set_session(readonly=True)
        return self._raw


@contextmanager
def telling(url: str) -> Iterator[None]:
    """What the driver raises is told as a person can act on it: Unavailable, or Refused for what the URL's user may not."""
    try:
        yield
    except psycopg2.OperationalError as exc:
        if not unreachable(exc):
            raise
        raise no_answer(url, exc) from exc
    except NOT_MIGRATED as exc:
        raise not_migrated() from exc
    except DENIED as exc:
        raise denied(url, exc) from exc


def connect(url: str, more: str = "") -> Session:
    """A connection as every one of ours is made; `more` are options of its session.

    Raises as `arguments` does for a useless URL, and psycopg2's errors for a server that cannot be reached.
    """
    given: dict[str, Any] = {**arguments(url), **CONNECT}
    try:
        return open_session(given, more)
    except psycopg2.ProgrammingError:  # an option that libpq does not know; nothing was connected
        raise Refused("IM_DATABASE_URL has an option that libpq does not know", WRITE) from None


def denied(url: str, exc: BaseException) -> Refused | Unavailable:
    """A right that the user of the database does not have; or that nobody has, at a standby that is not promoted yet."""
    if isinstance(exc, psycopg2.errors.ReadOnlySqlTransaction) and _is_standby(exc):
        return standby(url, ", so nothing was stored")
    return Refused(
        f"the user of the database at {shown(url)} may not do this, so nothing was stored",
        "use a URL whose user may: im_work to change things, im_migrate to migrate; `im db roles` gives the rights",
    )


def standby(url: str, then: str = "") -> Unavailable:
    return Unavailable(
        f"the database at {shown(url)} is a standby: it takes no change until it is promoted{then}",
        "promote it, or name its primary as well in IM_DATABASE_URL, with target_session_attrs=read-write",
    )


def _is_standby(exc: psycopg2.Error) -> bool:
    """What the server told of itself with the last answer (since Postgres 14); an older one, or a pooler, tells nothing."""
    return exc.cursor is None or exc.cursor.connection.info.parameter_status("in_hot_standby") != "off"


def no_answer(url: str, exc: BaseException) -> Unavailable:
    """A server that refuses is told in its own words, one that is silent in ours."""
    said = str(exc).strip()
    refused = re.search(r"FATAL:\s+(.*)", said)
    if refused and not _PASSING.search(refused[1]):
        return Unavailable(
            f"the database at {shown(url)} refuses: {conceal(refused[1]).rstrip('.')}",
            "mend that at the server, or in IM_DATABASE_URL; `im doctor` tells more",
        )
    return Unavailable(
        f"the database at {shown(url)} does not answer: {_why(said)}",
        "start it (`im up` for the local stack), or set IM_DATABASE_URL; `im doctor` tells more",
    )


_PASSING = re.compile(r"terminating connection due to [a-z ]+|the database system is [a-z ]+")
"""Of a server that comes or goes: it refuses nothing that would have to be mended."""
_WHY = (
    ("could not translate host name", "no host has that name"),
    ("Connection refused", "nobody listens there"),
    ("root certificate file", "there is no file where its sslrootcert says"),
    ("private key file", "the key that its sslkey names is not there, or others may read it"),
    ("No such file or directory", "nobody listens at that socket"),
    ("timeout expired", "no answer within seconds"),
    ("timed out", "no answer within seconds"),
    ("closed the connection", "it closed the connection"),
    ("connection already closed", "it closed the connection"),
    ("session is read-only", "it is a standby, which takes no change until it is promoted"),
    ("could not match", "there are not as many ports as hosts"),
    ("certificate", "its certificate is not one that this machine trusts"),
    ("SSL", "it does not speak TLS as IM_DATABASE_URL asks"),
    ("No route to host", "no way leads there"),
    ("unreachable", "no way leads there"),
)


def _why(said: str) -> str:
    passing = _PASSING.search(said)
    return (
        passing[0] if passing else next((says for words, says in _WHY if words in said), "no connection could be made")
    )


def not_migrated() -> Unavailable:
    return Unavailable("the database has not been migrated to this version", "run `im db upgrade`")


def unreachable(exc: BaseException | None) -> bool:
    """A server that is not there, going down, coming up or full; not a deadlock or a time-out of one statement."""
    code = getattr(exc, "pgcode", None)
    return code is None or (code[:2] in ("08", "57", "53") and code != "57014")
