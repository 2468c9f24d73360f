"""The metrics of time and money: what an hour costs now, what was spent past deadlines, what could not be told or guarded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from im.db import guards, notices
from im.db.read import instances
from im.domain.money.bill import Window, sum_bills
from im.domain.money.budget import Use
from im.domain.money.forecast import rate_now
from im.services.money import budgets
from im.services.money.costs import ledger

if TYPE_CHECKING:
    from prometheus_client.core import GaugeMetricFamily
    from sqlalchemy import Connection

MONTH = timedelta(days=30)


def families(
    connection: Connection, now: datetime, gauge: Callable[..., GaugeMetricFamily]
) -> Iterator[GaugeMetricFamily]:
    """Each one whole; the prices are list prices, and what has none counts nothing but is counted itself."""
    found = ledger(connection, instances.since(connection, now - MONTH), now)
    bill = sum_bills(found.bill(row, Window(now - MONTH, now)) for row in found.rows)
    rates = [rate_now(row, found.rates(row)) for row in found.rows if row.closed_at is None]
    standing = notices.standing(connection, now - timedelta(days=1))
    for name, says, value in (
        (
            "overrun_last_30_days_seconds",
            "Machine time past deadlines in the last 30 days.",
            bill.overrun.total_seconds(),
        ),
        ("overrun_usd", "What the time past deadlines cost in the last 30 days.", bill.overrun_usd),
        ("spent_usd", "What was spent in the last 30 days, by list prices.", bill.total),
        ("usd_per_hour", "What an hour costs now.", sum((r for r in rates if r is not None), Decimal(0))),
        ("unpriced_instances", "Living instances whose price nobody knows.", sum(r is None for r in rates)),
        ("notices_refused", "Notices that were refused and are sent again.", standing.failing),
        ("notices_late", "Notices of the last day that nobody took before the deadline.", standing.late),
        ("guards_refused", "Guards that are not as they should be.", len(guards.failing(connection))),
    ):
        family = gauge(name, says)
        family.add_metric([], float(value))
        yield family
    used = [_used(use) for use in budgets.standing(connection, now)]
    fullest = gauge("budget_used_ratio", "Of the fullest budget, what is spent and promised this month.")
    if used:
        fullest.add_metric([], max(used))
    yield fullest


def _used(use: Use) -> float:
    taken, budget = use.spent + use.promised, use.budget.usd_per_month
    if not budget:
        return float("inf") if taken else 0.0
    return float(taken / budget)
