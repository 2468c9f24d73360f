"""alarm: degraded enforcement is loud. The same facts for the table, for doctor, for the metrics and for the log."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from im.db.read import health, instances
from im.domain.explain.alarm import Alarm, Blind, alarms
from im.domain.money.bill import for_span
from im.logs import log
from im.services.money.costs import Ledger, ledger

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from im.context import Context
    from im.db.read.connection import ReadTransaction
    from im.db.read.health import Sight
    from im.domain.scope import Scope

EVERY = 60.0
"""Seconds between two alarms in the log of the whole fleet."""


def standing(connection: Connection | ReadTransaction, now: datetime, seen: Sight | None = None) -> list[Alarm]:
    """Every alarm there is reason for now, with its money. `seen`: how the fleet is, where somebody has asked already."""
    known = seen or health.sight(connection)
    late = known.first_deadline is not None and known.first_deadline <= now
    rows = instances.past_deadline(connection, now) if late else []
    found = alarms(rows, _blind(connection, known, {row.scope for row in rows}), now)
    if not found:
        return []
    books = ledger(connection, [row for alarm in found for row in alarm.machines], now)
    return [replace(alarm, usd=_usd(alarm, books, now)) for alarm in found]


def _blind(connection: Connection | ReadTransaction, seen: Sight, late: set[Scope]) -> dict[Scope, Blind]:
    """Scopes in use, or with something past its deadline, that cannot be seen."""
    failing = {
        scope: Blind(one.failing_since, one.error_code or "unknown")
        for scope, one in seen.scopes.items()
        if one.failing_since is not None
    }
    if not failing:
        return {}
    in_use = late.union(health.in_use(connection).values())
    return {scope: blind for scope, blind in failing.items() if scope in in_use}


def sound(ctx: Context) -> None:
    """Write standing alarms into the log, at error level."""
    with ctx.begin() as connection:
        now = ctx.clock(connection)
        found, given_up = standing(connection, now), health.given_up(connection)
    if given_up:
        log.error("starts were given up; im doctor", machines=list(given_up)[:10], count=len(given_up))
    for alarm in found:
        names = [row.name for row in alarm.machines[:10]]
        log.error(alarm.sentence(now), scope=str(alarm.scope), machines=names, count=len(alarm.machines))


def _usd(alarm: Alarm, books: Ledger, now: datetime) -> Decimal | None:

    total = Decimal(0)
    for row in alarm.machines:
        hourly = books.rates(row).running
        if hourly is None:
            return None
        total += for_span(hourly, max(timedelta(0), now - row.expires_at))
    return total
