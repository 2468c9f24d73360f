"""What snapshots cost: by their size and the time that they are there, at the cloud's price per GB and month.

One that is not complete is charged for once it is, from its beginning; of one that came to nothing nothing is known, nor charged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from im.domain.money.amount import ZERO
from im.domain.money.bill import Bill, Price, PriceBook, Window, charge, disk_item, price_at
from im.domain.money.zones import prices_of
from im.domain.shelf.snapshot import SNAPSHOT, Snapshot

if TYPE_CHECKING:
    from im.domain.money.rules import BillingRules
    from im.domain.scope import Scope
    from im.domain.spec.spec import Spec


def bill_of(
    scope: Scope,
    spec: Spec,
    snapshots: Sequence[Snapshot],
    book: PriceBook,
    window: Window,
    now: datetime,
    rules: BillingRules,
) -> Bill:
    """What these cost within `window`."""
    total, prices = Bill(), _prices(scope, spec, book, rules)
    for began_at, gone_at, gb in _charged(snapshots):
        low, high = window.cut(began_at, gone_at or max(now, began_at))
        if high > low:
            usd = charge(prices, low, high)
            missing = frozenset({SNAPSHOT} if usd is None else ())
            total += Bill(snapshot=(usd or ZERO) * gb / rules.hours_in_month, unknown=missing)
    return total


def rate_of(
    scope: Scope, spec: Spec, snapshots: Sequence[Snapshot], book: PriceBook, now: datetime, rules: BillingRules
) -> Decimal | None:
    """USD an hour of those that are there; None where the price is not known."""
    there = [gb for _, gone_at, gb in _charged(snapshots) if gone_at is None]
    if not there:
        return ZERO
    per_month = price_at(_prices(scope, spec, book, rules), now)
    return None if per_month is None else per_month.usd * sum(there, ZERO) / rules.hours_in_month


def _charged(snapshots: Sequence[Snapshot]) -> Iterator[tuple[datetime, datetime | None, Decimal]]:
    for one in snapshots:
        if one.began_at is not None and one.gb is not None:
            yield one.began_at, one.gone_at, one.gb


def _prices(scope: Scope, spec: Spec, book: PriceBook, rules: BillingRules) -> Sequence[Price]:
    return prices_of(scope, spec, disk_item(SNAPSHOT), book, rules)
