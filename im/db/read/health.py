"""What stands above every listing: how well each place is seen, whether deadlines are held, and machines without a row.

SQL by the driver alone; see `im.db.read.connection`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from im.db.read.connection import Looking, ask
from im.domain.hold import CLOCK_TOLERANCE, Hold, HoldKind
from im.domain.input.duration import format_duration
from im.domain.scope import Scope

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class ScopeHealth:
    """When the last complete listing began, and since when (and why) none has succeeded."""

    scope: Scope
    refreshed_at: datetime | None
    failing_since: datetime | None
    error_code: str | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Summary:
    """How many are open, and since when the oldest of them."""

    count: int = 0
    since: datetime | None = None

    def sentence(self, now: datetime) -> str:
        machines = "machines carry our tag and have" if self.count > 1 else "machine carries our tag and has"
        known = f", known for {format_duration(now - self.since)}" if self.since else ""
        return f"{self.count} {machines} no row{known}"


def scopes(connection: Connection | Looking) -> dict[Scope, ScopeHealth]:
    """How well each can be seen."""
    rows = ask(
        connection,
        "SELECT provider, account, region, refreshed_at, failing_since, error_code, error FROM scopes ORDER BY id",
    )
    found = [ScopeHealth(Scope(*row[:3]), *row[3:]) for row in rows]
    return {one.scope: one for one in found}


def in_use(connection: Connection | Looking) -> dict[int, Scope]:
    """The scopes that have something to watch: a living instance or an unresolved launch."""
    rows = ask(
        connection,
        "SELECT id, provider, account, region FROM scopes WHERE id IN (SELECT scope_id FROM instances WHERE closed_at IS NULL"
        " UNION SELECT scope_id FROM launches WHERE state IN ('open', 'called')) ORDER BY id",
    )
    return {number: Scope(*place) for number, *place in rows}


def is_clone(connection: Connection | Looking) -> bool:
    """Does this database run in another server than the one that its deployment was made in?"""
    rows = ask(
        connection,
        "SELECT system_identifier <> (SELECT system_identifier::text FROM pg_control_system()) FROM deployment",
    )
    return any(moved for (moved,) in rows)


def holds(connection: Connection | Looking, now: datetime) -> list[Hold]:
    """Every hold in force, worst first."""
    found: list[Hold] = []
    if is_clone(connection):
        found.append(
            Hold(
                HoldKind.CLONE,
                "this database was copied from another server, whose machines it must not touch",
                "im db resume  makes this server the deployment's home (only when the other one is gone)",
            )
        )
    paused = 'SELECT reason, "by", since, until FROM holds WHERE kind = %(kind)s AND until > %(now)s'
    for reason, by, since, until in ask(connection, paused, kind=HoldKind.PAUSE.value, now=now):
        found.append(Hold(HoldKind.PAUSE, reason, "im resume  ends it", by, since, until))
    skewed = "SELECT provider, account, region, clock_skew FROM scopes WHERE abs(clock_skew) > %(most)s ORDER BY id"
    for *place, skew in ask(connection, skewed, most=CLOCK_TOLERANCE.total_seconds()):
        told = f"the clock of {Scope(*place)} is {abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'}"
        found.append(Hold(HoldKind.CLOCK, f"{told} the database's", "set the database server's clock (NTP)"))
    return found


def orphans(connection: Connection | Looking) -> Summary:
    (row,) = ask(connection, "SELECT count(*), min(first_seen_at) FROM orphans WHERE closed_at IS NULL")
    return Summary(*row)


def given_up(connection: Connection | Looking) -> dict[str, str]:
    """Name → the cloud's word, of machines that were to start, and that nobody goes on trying to start."""
    rows = ask(
        connection,
        "SELECT name, coalesce(error_code, 'unknown') FROM instances WHERE closed_at IS NULL AND provider_id IS NOT NULL"
        " AND desired = 'running' AND failed_generation = generation ORDER BY name",
    )
    return dict(rows)
