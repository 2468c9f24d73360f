"""alarm: degraded enforcement is loud. The same facts for the table, for doctor, for the metrics and for the log."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from im.db import instances, scopes, ticks
from im.domain.alarm import Alarm, Blind, alarms
from im.domain.cost import for_span
from im.logs import log
from im.services.costs import Ledger, ledger

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from im.context import Context

EVERY = 60.0
"""Seconds between two alarms in the log of the whole fleet."""


def standing(connection: Connection, now: datetime) -> list[Alarm]:
    """Every alarm there is reason for now, with its money."""
    rows = instances.past_deadline(connection, now)
    in_use = {row.scope for row in rows} | {scopes.read(connection, n) for n in scopes.in_use(connection)}
    blind = {
        scope: Blind(health.failing_since, health.error_code or "unknown")
        for scope, health in scopes.health(connection).items()
        if health.failing_since is not None and scope in in_use
    }
    found = alarms(rows, blind, now)
    books = ledger(connection, [row for alarm in found for row in alarm.machines], now)
    return [replace(alarm, usd=_usd(alarm, books, now)) for alarm in found]


def sound(ctx: Context) -> None:
    """Write standing alarms into the log, at error level, once a minute; called by the tick."""
    with ctx.begin() as connection:
        now = ctx.clock(connection)
        if not ticks.claim(connection, "alarm", EVERY, now):
            return
        found = standing(connection, now)
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
