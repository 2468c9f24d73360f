"""What one thing costs for the time that it was lent, by its cloud's rules.

A window tells which part of time is asked for; parts that follow each other add up to the whole, to the last digit that matters.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from im.domain.money.amount import ZERO
from im.domain.money.bill import Price, Window, charge

if TYPE_CHECKING:
    from im.domain.money.rules import BillingRules


@dataclass(frozen=True, slots=True)
class Tariff:
    """The prices of one thing per hour and, where there is a cap, per month; oldest first."""

    hourly: Sequence[Price]
    monthly: Sequence[Price] = ()
    """Nothing where nobody told it: then every hour counts, which is never less than the bill."""


def charged(
    rules: BillingRules, tariff: Tariff, began_at: datetime, ended_at: datetime, window: Window
) -> Decimal | None:
    """What is charged within `window` for what lasted from `began_at` to `ended_at`; None when no price is known."""
    ended_at = max(ended_at, began_at + rules.least)
    if rules.by_the_hour_alone:
        return charge(tariff.hourly, *window.cut(began_at, ended_at))
    if not tariff.hourly:
        return None
    total = ZERO
    for month in _months(max(began_at, window.since), min(ended_at, window.until)):
        part = month.cut(began_at, ended_at)
        low, high = window.cut(*part)
        total += _up_to(high, part, rules, tariff, began_at, month) - _up_to(low, part, rules, tariff, began_at, month)
    return total


def _up_to(
    at: datetime,
    part: tuple[datetime, datetime],
    rules: BillingRules,
    tariff: Tariff,
    began_at: datetime,
    month: Window,
) -> Decimal:
    """What the part of a life that lies in `month` has cost by `at`. A step belongs to the month in which it begins."""
    if at <= part[0]:
        return ZERO
    spent = charge(tariff.hourly, rules.up(began_at, part[0]), rules.up(began_at, at)) or ZERO
    if part[0] == began_at:
        spent = max(spent, rules.least_usd)
    most = _cap(tariff.monthly, month) if rules.monthly_cap else None
    return spent if most is None else min(spent, most)


def _cap(monthly: Sequence[Price], month: Window) -> Decimal | None:
    """The dearest price per month that held in it: a budget must not be surprised."""
    held = [
        price.usd
        for i, price in enumerate(monthly)
        if (i == 0 or price.since < month.until) and (i == len(monthly) - 1 or monthly[i + 1].since > month.since)
    ]
    return max(held) if held else None


def month_of(at: datetime) -> Window:
    """The calendar month (UTC) in which it lies."""
    first = at.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return Window(first, (first + timedelta(days=32)).replace(day=1))


def _months(low: datetime, high: datetime) -> Iterator[Window]:
    while low < high:
        month = month_of(low)
        yield month
        low = month.until
