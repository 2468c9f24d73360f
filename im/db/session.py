"""How a session of ours is set, with or without a pooler before Postgres.

Time limits travel with the start of a session, at no cost. A pooler refuses or drops them there (PgBouncer: "unsupported startup
parameter: options", or `ignore_startup_parameters`; RDS Proxy: "command-line options"), and in its transaction mode a session is
lent to somebody else at each COMMIT. Behind one, every transaction of ours sets them for itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import psycopg2
from psycopg2.extensions import connection

SETTINGS: Mapping[str, str] = {
    "statement_timeout": "30s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "60s",
    "timezone": "UTC",
    "random_page_cost": "1.1",
}
"""Postgres expects a disk that turns (a random_page_cost of 4): it then reads a table of three pages from end to end, and a session
goes on doing so for its foreign keys when thousands of rows have come since. Creating a thousand took twice as long."""

_REFUSED = re.compile(r"startup parameter|command-line option", re.IGNORECASE)
_LOCAL = "; ".join(f"SET LOCAL {name} = '{value}'" for name, value in SETTINGS.items())
_ASKED = ", ".join(f"current_setting('{name}')" for name in SETTINGS)
_refusing: set[str] = set()
"""Servers that refused the settings once: they are not asked again for each connection."""


class Session(connection):
    """The driver's connection, and what each of its transactions has to begin with."""

    first: str = ""
    """SQL that sets what the session itself could not be given; empty on a session that is ours alone."""

    @property
    def shared(self) -> bool:
        """Is there a pooler before the server? Then nothing that is kept in a session can be relied upon."""
        return bool(self.first)

    def begin_settings(self) -> None:
        """To be called first in each transaction."""
        if self.first:
            with self.cursor() as cursor:
                cursor.execute(self.first)


def open_session(given: Mapping[str, Any], more: str = "") -> Session:
    """Connect with `given`, the driver's own arguments; `more` are options of this session, left out behind a pooler.

    Raises psycopg2's errors for a server that cannot be reached or refuses.
    """
    own = str(given.get("options") or "")
    wanted = " ".join(filter(None, (own, *(f"-c {name}={value}" for name, value in SETTINGS.items()), more)))
    server = repr(sorted((name, value) for name, value in given.items() if name in ("host", "port", "dbname")))
    if server not in _refusing:
        try:
            session = _connect({**given, "options": wanted})
        except psycopg2.OperationalError as exc:
            if not _REFUSED.search(str(exc)):
                raise
            _refusing.add(server)
        else:
            if not _in_force(session):
                session.first = _LOCAL
            return session
    session = _connect(given)
    session.first = _LOCAL
    return session


def _connect(given: Mapping[str, Any]) -> Session:
    session: Session = psycopg2.connect(**given, connection_factory=Session)
    return session


def _in_force(session: Session) -> bool:
    """A pooler may have taken the settings and passed on none of them."""
    try:
        session.autocommit = True
        with session.cursor() as cursor:
            cursor.execute(f"SELECT {_ASKED}")
            found = cursor.fetchone()
        session.autocommit = False
    except psycopg2.Error:
        session.close()
        raise
    return found == ("30s", "5s", "1min", "UTC", "1.1")
