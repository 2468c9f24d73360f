"""From when on the prices of a zone are asked for."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from im.domain.money.bill import Price
from im.services.money.prices import untold_since
from tests.unit.rows import NOW, a_row

HOUR = timedelta(hours=1)


def test_prices_are_asked_for_back_to_a_machines_beginning_and_no_further_than_they_are_told() -> None:
    def since(kept_from: float | None, *, begun: float, until: float = 0) -> float:
        """Hours before now."""
        hours = [] if kept_from is None else [kept_from, until]
        prices = [Price(Decimal(1), NOW - HOUR * ago, "a list") for ago in hours]
        row = a_row(created_at=NOW - HOUR, launched_at=NOW - HOUR * begun)
        return (NOW - untold_since(row, prices, NOW)) / HOUR

    assert since(None, begun=5) == 5
    assert since(6, begun=5, until=2) == 2
    assert since(4, begun=5, until=2) == 5
    assert since(None, begun=99 * 24) == 90 * 24
    assert since(99 * 24, begun=5, until=98 * 24) == 90 * 24
    stated = [Price(Decimal(1), NOW - HOUR * 9, "stated by ada on some day")]
    assert untold_since(a_row(created_at=NOW - HOUR), stated, NOW) == NOW - HOUR
