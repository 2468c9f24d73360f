"""What stands above every listing: how well each place is seen, whether deadlines are held, and machines without a row.

SQL by the driver alone; see `im.db.read.connection`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from im.db.read.connection import ReadTransaction, ask
from im.domain.explain.listing import ScopeHealth, Summary
from im.domain.hold import CLOCK_TOLERANCE, Hold, HoldKind
from im.domain.scope import Scope
from im.domain.state import AT_REST

if TYPE_CHECKING:
    from sqlalchemy import Connection


SERVER = "(SELECT system_identifier::text FROM pg_control_system())"
"""Of the Postgres that runs, in SQL: a copy of its data folder has the same, a dump that is restored elsewhere has not."""
BIRTH = (
    "(SELECT d.oid::text || '/' || 'deployment'::regclass::oid::text FROM pg_database d"
    " WHERE d.datname = current_database())"
)
"""The numbers that this server gave the database and the table when they were made, in SQL: a dump is restored under new ones."""
_SHOWS = "im db resume  shows what would be stopped, asks"


def in_use(connection: Connection | ReadTransaction) -> dict[int, Scope]:
    """The scopes that have something to watch: a living instance or an unresolved launch."""
    rows = ask(
        connection,
        "SELECT id, provider, account, region FROM scopes WHERE id IN (SELECT scope_id FROM instances WHERE closed_at IS NULL"
        " UNION SELECT scope_id FROM launches WHERE state IN ('open', 'called')) ORDER BY id",
    )
    return {number: Scope(*place) for number, *place in rows}


@dataclass(frozen=True, slots=True)
class _Dispute:
    """What may keep a scope's deadlines from being enforced."""

    scope: Scope
    skew: float | None
    """Seconds by which its clock is ahead of the database's."""
    held_since: datetime | None
    strange: bool
    """The server is new there, and there is something living."""
    watched_since: datetime | None
    restored: bool | None
    known: str | None
    """The last mark that these data know, as it is written."""
    seen: str | None
    """The newest at the cloud."""


@dataclass(frozen=True, slots=True)
class Sight:
    """All that is wrong with the fleet, as of one moment: what stands above every page and every listing."""

    at: datetime
    """By the database's clock."""
    scopes: Mapping[Scope, ScopeHealth]
    orphans: Summary
    first_deadline: datetime | None
    """The earliest of the machines that are not known to be at rest."""
    elsewhere: bool
    """This database runs in another server than the one that its deployment was made in."""
    put_back: bool
    """It was made anew in this one, from a dump."""
    pause: Hold | None
    _disputes: Sequence[_Dispute]
    """Worst first."""

    def holds(self, now: datetime) -> list[Hold]:
        """Every hold in force, worst first."""
        found: list[Hold] = []
        if self.elsewhere:
            what = "this database was copied from another server, whose machines it must not touch"
            end = f"{_SHOWS}, and makes this server the deployment's home (only when the other one is gone)"
            found.append(Hold(HoldKind.CLONE, what, end))
        elif self.put_back:
            what = "this database was restored from a dump, or copied: what was changed since is not in it"
            found.append(Hold(HoldKind.RESTORED, what, f"{_SHOWS}, and ends this"))
        if self.pause is not None and self.pause.until is not None and self.pause.until > now:
            found.append(self.pause)
        most = CLOCK_TOLERANCE.total_seconds()
        for one in self._disputes:
            if one.held_since is not None and one.restored:
                found.append(_restored(one.scope, one.held_since, one.known, one.seen))
            elif one.held_since is not None or one.strange:
                found.append(_of_another(one.scope, one.held_since, one.watched_since, now))
            if one.skew is not None and abs(one.skew) > most:
                side = "ahead of" if one.skew > 0 else "behind"
                told = f"the clock of {one.scope} is {abs(one.skew):.0f} s {side} the database's"
                found.append(Hold(HoldKind.CLOCK, told, "set the database server's clock (NTP)"))
        return found


_SIGHT = f"""SELECT clock_timestamp(), o.count, o.since, first.expires_at, d.elsewhere, d.put_back,
    h.reason, h."by", h.since, h.until,
    s.clock_skew, m.held_since,
    m.started <> pg_postmaster_start_time()
        AND EXISTS (SELECT FROM instances i WHERE i.scope_id = s.id AND i.closed_at IS NULL),
    m.watch_since, m.restored, m.mark, m.watch_seen,
    s.provider, s.account, s.region, s.refreshed_at, s.failing_since, s.error_code, s.error
FROM (SELECT count(*), min(first_seen_at) AS since FROM orphans WHERE closed_at IS NULL) AS o
LEFT JOIN (SELECT system_identifier <> {SERVER} AS elsewhere, birth <> {BIRTH} AS put_back FROM deployment) AS d ON true
LEFT JOIN (
    SELECT expires_at FROM instances WHERE closed_at IS NULL AND observed <> ALL(%(rest)s) ORDER BY expires_at LIMIT 1
) AS first ON true
LEFT JOIN holds AS h ON h.kind = %(pause)s
LEFT JOIN scopes AS s ON true
LEFT JOIN marks AS m ON m.scope_id = s.id
ORDER BY m.held_since, s.id
"""  # noqa: S608 - nobody's words


def sight(connection: Connection | ReadTransaction) -> Sight:
    """One statement: somebody waits for it at every look."""
    rows = ask(connection, _SIGHT, pause=HoldKind.PAUSE.value, rest=[one.value for one in AT_REST])
    at, orphans, oldest, first, elsewhere, put_back, reason, by, since, until = rows[0][:10]
    pause = None if until is None else Hold(HoldKind.PAUSE, reason, "im resume  ends it", by, since, until)
    seen: list[ScopeHealth] = []
    disputes: list[_Dispute] = []
    for row in rows:
        skew, held, strange, *watch, provider, account, region, refreshed, failing, code, error = row[10:]
        if provider is not None:
            scope = Scope(provider, account, region)
            seen.append(ScopeHealth(scope, refreshed, failing, code, error))
            disputes.append(_Dispute(scope, skew, held, bool(strange), *watch))
    health = {one.scope: one for one in seen}
    return Sight(at, health, Summary(orphans, oldest), first, bool(elsewhere), bool(put_back), pause, disputes)


def holds(connection: Connection | ReadTransaction, now: datetime) -> list[Hold]:
    """Every hold in force, worst first."""
    return sight(connection).holds(now)


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


def _restored(scope: Scope, held: datetime, known: str | None, seen: str | None) -> Hold:
    """`known`: the last mark that these data know; `seen`: the newest at the cloud."""
    from im.domain.mark import parse_mark  # few databases are restored, and every look asks whether this one was

    last, there = parse_mark(known), parse_mark(seen)
    ends = f"ends at {last.at:%Y-%m-%d %H:%M:%S} UTC" if last else "is older than every mark there"
    until = f" until {there.at:%Y-%m-%d %H:%M:%S} UTC" if there else ""
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


def given_up(connection: Connection | ReadTransaction) -> dict[str, str]:
    """Name → the cloud's word, of machines that were to start, and that nobody goes on trying to start."""
    rows = ask(
        connection,
        "SELECT name, coalesce(error_code, 'unknown') FROM instances WHERE closed_at IS NULL AND provider_id IS NOT NULL"
        " AND desired = 'running' AND failed_generation = generation ORDER BY name",
    )
    return dict(rows)
