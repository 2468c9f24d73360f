"""Which instances were written since a moment, by the transactions that wrote them: a change is seen when it is committed, and
none that was under way for long is missed, as it would be by comparing times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from im.db.read.connection import ReadTransaction, ask

if TYPE_CHECKING:
    from sqlalchemy import Connection

# a transaction's number has 32 bits in a row and 64 in a snapshot; age() compares them whatever has wrapped around
_WRITTEN = (
    "WITH s AS MATERIALIZED (SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS oldest)"
    " SELECT s.oldest, i.id, i.owner, i.xmin::text FROM s LEFT JOIN instances i"
    " ON age(i.xmin) <= age((%(since)s::bigint %% 4294967296)::text::xid)"
)


@dataclass(frozen=True, slots=True)
class Written:
    """`oldest`: the oldest transaction that was still under way; whatever is written by it or a later one may come after this."""

    oldest: int
    rows: frozenset[tuple[str, str]] = frozenset()
    """(id, the transaction that wrote it)."""
    owners: frozenset[tuple[str, str]] = frozenset()
    """(id, owner)."""


def beginning(connection: Connection | ReadTransaction) -> Written:
    """From now on."""
    ((oldest,),) = ask(connection, "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
    return Written(int(oldest))


def written(connection: Connection | ReadTransaction, since: int) -> Written:
    """Every row that a transaction not older than `since` has written, and whose end is seen."""
    rows = ask(connection, _WRITTEN, since=since)
    found = [(name, owner, by) for _, name, owner, by in rows if name is not None]
    return Written(
        int(rows[0][0]),
        frozenset((name, by) for name, _, by in found),
        frozenset((name, owner) for name, owner, _ in found),
    )
