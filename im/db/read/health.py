"""What stands above every listing: how well each place is seen, whether deadlines are held, and machines without a row.

SQL by the driver alone; see `im.db.read.connection`.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from im.db.read.connection import ReadTransaction, ask
from im.domain.explain.listing import ScopeHealth, Summary
from im.domain.hold import CLOCK_TOLERANCE, Hold, HoldKind
from im.domain.mark import Mark, parse_mark
from im.domain.scope import Scope

if TYPE_CHECKING:
    from sqlalchemy import Connection


SERVER = "(SELECT system_identifier::text FROM pg_control_system())"
"""Of the Postgres that runs, in SQL: a copy of its data folder has the same, a dump that is restored elsewhere has not."""
BIRTH = (
    "(SELECT d.oid::text || '/' || 'deployment'::regclass::oid::text FROM pg_database d"
    " WHERE d.datname = current_database())"
)
"""The numbers that this server gave the database and the table when they were made, in SQL: a dump is restored under new ones."""
_MOVED = f"SELECT system_identifier <> {SERVER}, birth <> {BIRTH} FROM deployment"  # noqa: S608 - nobody's words
_SHOWS = "im db resume  shows what would be stopped, asks"


def scopes(connection: Connection | ReadTransaction) -> dict[Scope, ScopeHealth]:
    """How well each can be seen."""
    rows = ask(
        connection,
        "SELECT provider, account, region, refreshed_at, failing_since, error_code, error FROM scopes ORDER BY id",
    )
    found = [ScopeHealth(Scope(*row[:3]), *row[3:]) for row in rows]
    return {one.scope: one for one in found}


def in_use(connection: Connection | ReadTransaction) -> dict[int, Scope]:
    """The scopes that have something to watch: a living instance or an unresolved launch."""
    rows = ask(
        connection,
        "SELECT id, provider, account, region FROM scopes WHERE id IN (SELECT scope_id FROM instances WHERE closed_at IS NULL"
        " UNION SELECT scope_id FROM launches WHERE state IN ('open', 'called')) ORDER BY id",
    )
    return {number: Scope(*place) for number, *place in rows}


def holds(connection: Connection | ReadTransaction, now: datetime) -> list[Hold]:
    """Every hold in force, worst first."""
    found: list[Hold] = []
    for elsewhere, put_back in ask(connection, _MOVED):
        if elsewhere:
            what = "this database was copied from another server, whose machines it must not touch"
            end = f"{_SHOWS}, and makes this server the deployment's home (only when the other one is gone)"
            found.append(Hold(HoldKind.CLONE, what, end))
        elif put_back:
            what = "this database was restored from a dump, or copied: what was changed since is not in it"
            found.append(Hold(HoldKind.RESTORED, what, f"{_SHOWS}, and ends this"))
    paused = 'SELECT reason, "by", since, until FROM holds WHERE kind = %(kind)s AND until > %(now)s'
    for reason, by, since, until in ask(connection, paused, kind=HoldKind.PAUSE.value, now=now):
        found.append(Hold(HoldKind.PAUSE, reason, "im resume  ends it", by, since, until))
    skewed = (
        "SELECT provider, account, region, clock_skew, m.held_since, m.started <> pg_postmaster_start_time(), m.watch_since,"
        " m.restored, m.mark, m.watch_seen"
        " FROM scopes LEFT JOIN marks m ON m.scope_id = id WHERE abs(clock_skew) > %(most)s OR m.held_since IS NOT NULL"
        " OR (m.started <> pg_postmaster_start_time() AND id IN (SELECT scope_id FROM instances WHERE closed_at IS NULL))"
        " ORDER BY m.held_since, id"
    )
    most = CLOCK_TOLERANCE.total_seconds()
    for *place, skew, held, strange, watched, restored, known, seen in ask(connection, skewed, most=most):
        if held is not None and restored:
            found.append(_restored(Scope(*place), held, parse_mark(known), parse_mark(seen)))
        elif held is not None or strange:
            found.append(_of_another(Scope(*place), held, watched, now))
        if skew is None or abs(skew) <= most:
            continue
        told = f"the clock of {Scope(*place)} is {abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'}"
        found.append(Hold(HoldKind.CLOCK, f"{told} the database's", "set the database server's clock (NTP)"))
    return found


def _of_another(scope: Scope, held: datetime | None, watched: datetime | None, now: datetime) -> Hold:
    """Why nothing is done where another server acts, or may."""
    if held is not None:
        return Hold(
            HoldKind.COPY,
            f"another server with the data of this one acts at {scope}: one of the two is a copy",
            f"{_SHOWS}, and makes this server act and the other one hold (end the other one first)",
            since=held,
        )
    return Hold(
        HoldKind.WATCH,
        f"this database server is new, and whether another one acts at {scope} is being watched for a minute",
        "wait; im db resume  ends the watch, when you know that no other server acts",
        since=watched or now,
    )


def _restored(scope: Scope, held: datetime, known: Mark | None, seen: Mark | None) -> Hold:
    """`known`: the last mark that these data know; `seen`: the newest at the cloud."""
    ends = f"ends at {known.at:%Y-%m-%d %H:%M:%S} UTC" if known else "is older than every mark there"
    until = f" until {seen.at:%Y-%m-%d %H:%M:%S} UTC" if seen else ""
    what = f"this database was restored from a backup: what it knows of {scope} {ends}, and im worked on there{until}"
    return Hold(HoldKind.RESTORED, what, f"{_SHOWS}, and ends this", since=held)


def disputed(
    connection: Connection | ReadTransaction, since: datetime
) -> list[tuple[Scope, datetime | None, str | None]]:
    """Scopes in which a copy of this server has acted since then (when last), or whose mark the cloud does not take (why)."""
    rows = ask(
        connection,
        "SELECT provider, account, region, CASE WHEN rival_at > %(since)s THEN rival_at END, m.error"
        " FROM marks m JOIN scopes ON id = scope_id WHERE rival_at > %(since)s OR m.error IS NOT NULL ORDER BY id",
        since=since,
    )
    return [(Scope(*place), rival_at, error) for *place, rival_at, error in rows]


def orphans(connection: Connection | ReadTransaction) -> Summary:
    (row,) = ask(connection, "SELECT count(*), min(first_seen_at) FROM orphans WHERE closed_at IS NULL")
    return Summary(*row)


def given_up(connection: Connection | ReadTransaction) -> dict[str, str]:
    """Name → the cloud's word, of machines that were to start, and that nobody goes on trying to start."""
    rows = ask(
        connection,
        "SELECT name, coalesce(error_code, 'unknown') FROM instances WHERE closed_at IS NULL AND provider_id IS NOT NULL"
        " AND desired = 'running' AND failed_generation = generation ORDER BY name",
    )
    return dict(rows)
