"""What became of a transaction whose connection broke at its COMMIT: Postgres itself is asked, over another connection.

A person who is told "it failed" types an `im extend` again; had it been stored, the machine would run twice as long.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from sqlalchemy import Connection
from sqlalchemy.exc import DataError

from im.db.read.connection import ask
from im.domain.errors import Unavailable, Uncertain

Begin = Callable[[], AbstractContextManager[Connection]]

TRIES, PAUSE = 10, 0.3
"""How often, and so many seconds apart: a server that restarts is back within these, and a person waits no longer."""


_HISTORY = (
    "(SELECT timeline_id || ' ' || redo_lsn || ' ' || extract(epoch FROM pg_postmaster_start_time())"
    " FROM pg_control_checkpoint())"
)
"""Which server it is, since when it runs, and from where it would recover. A promoted standby and a restored backup are others, and
a recovery from a crash ends with a checkpoint, which moves that place. So does every checkpoint: at worst that costs a doubt."""
_BEGUN = f"SELECT pg_current_xact_id()::text, {_HISTORY}"
_ASKED = f"SELECT pg_xact_status(%(number)s::text::xid8), {_HISTORY}"


@contextmanager
def certain(begin: Begin) -> Iterator[Connection]:
    """One transaction that writes, and whose end is known.

    Returns although the connection broke at COMMIT when it was committed all the same; raises Unavailable when it was not,
    and Uncertain when nobody can say. After a crash nobody can: a transaction that was not written down yet has left no trace, its
    number is given to the next one, and "committed" may be what became of that.
    """
    number, history = "", ""
    try:
        with begin() as connection:
            number, history = ask(connection, _BEGUN)[0]
            yield connection
    except Uncertain as exc:
        became = _became(begin, number, history)
        if became == "aborted":
            raise Unavailable("the connection to the database broke, and nothing was stored", "type it again") from exc
        if became != "committed":
            raise


def _became(begin: Begin, number: str, history: str) -> str:
    """`committed` or `aborted`; anything else when nobody can say."""
    became = ""
    for attempt in range(TRIES):
        if attempt:
            time.sleep(PAUSE)
        try:
            with begin() as connection:
                became, now = ask(connection, _ASKED, number=number)[0]
        except Unavailable:
            continue
        except DataError:  # a number that this server has not given yet: it knows nothing of that transaction
            return "aborted"
        if became == "committed" and now != history:
            return "committed, or another with its number"
        # still in progress: the server has not noticed yet that nobody is there any more, or is just committing
        if became in ("committed", "aborted"):
            break
    return became
