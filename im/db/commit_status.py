"""What became of a transaction whose connection broke at its COMMIT: Postgres itself is asked, over another connection.

A person who is told "it failed" types an `im extend` again; had it been stored, the machine would run twice as long.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from sqlalchemy import Connection

from im.db.read.connection import ask
from im.domain.errors import Unavailable, Uncertain

Begin = Callable[[], AbstractContextManager[Connection]]

TRIES, PAUSE = 10, 0.3
"""How often, and so many seconds apart: a server that restarts is back within these, and a person waits no longer."""


@contextmanager
def certain(begin: Begin) -> Iterator[Connection]:
    """One transaction that writes, and whose end is known.

    Returns although the connection broke at COMMIT when it was committed all the same; raises Unavailable when it was not,
    and Uncertain when nobody can say.
    """
    number = ""
    try:
        with begin() as connection:
            number = str(ask(connection, "SELECT pg_current_xact_id()")[0][0])
            yield connection
    except Uncertain as exc:
        became = _became(begin, number)
        if became == "aborted":
            raise Unavailable("the connection to the database broke, and nothing was stored", "type it again") from exc
        if became != "committed":
            raise


def _became(begin: Begin, number: str) -> str:
    """`committed` or `aborted`; anything else when nobody can say."""
    became = ""
    for attempt in range(TRIES):
        if attempt:
            time.sleep(PAUSE)
        try:
            with begin() as connection:
                query = "SELECT pg_xact_status(%(number)s::text::xid8)"
                became = str(ask(connection, query, number=number)[0][0])
        except Unavailable:
            continue
        # still in progress: the server has not noticed yet that nobody is there any more, or is just committing
        if became in ("committed", "aborted"):
            break
    return became
