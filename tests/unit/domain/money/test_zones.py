"""Prices by zone, done by hand: whose holds when, and what a region is quoted at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from im.domain.money.bill import Item, Price, PriceBook, Window
from im.domain.money.billing import bill
from im.domain.money.forecast import UNKNOWN_PARTS, rates
from im.domain.money.usage import Kind, UsageInterval
from im.domain.money.zones import changes, dearest, of_zone
from im.domain.spec.spot import Spot
from im.domain.state import Observed
from tests.unit.rows import NOW, SCOPE, SPEC, a_row

SPARE = Item("fake", SCOPE.region, "small", "spot")
HERE, THERE = (Item("fake", SCOPE.region, "small", "spot", SCOPE.region + letter) for letter in "ab")


def told(hour: float, usd: str) -> Price:
    return Price(Decimal(usd), NOW + timedelta(hours=hour), "a list")


def said(hour: float, usd: str) -> Price:
    return Price(Decimal(usd), NOW + timedelta(hours=hour), "stated by ada on some day")


def usd(prices: Sequence[Price]) -> list[str]:
    return [str(price.usd) for price in prices]


def test_a_zone_has_its_own_price_whatever_its_region_is_told() -> None:
    assert of_zone([told(0, "1"), told(2, "2")], [told(0, "9"), told(1, "8")]) == [told(0, "1"), told(2, "2")]


def test_a_zone_of_which_nothing_is_told_has_its_regions_price() -> None:
    assert of_zone([], [told(0, "9"), said(1, "8")]) == [told(0, "9"), said(1, "8")]


def test_before_the_first_price_of_the_zone_its_regions_holds() -> None:
    assert usd(of_zone([told(2, "1")], [told(0, "9"), told(1, "8"), told(3, "7")])) == ["9", "8", "1"]


def test_of_what_a_person_stated_and_what_a_list_tells_the_later_holds() -> None:
    assert usd(of_zone([told(0, "1"), told(2, "3")], [told(0, "9"), said(1, "2")])) == ["1", "2", "3"]
    assert usd(of_zone([told(0, "1")], [said(-1, "2"), said(1, "4")])) == ["2", "1", "4"]


def test_the_dearest_zone_changes_with_the_zones() -> None:
    zones = {"a": [told(0, "5"), told(2, "1")], "b": [told(0, "2"), told(1, "3")], "c": [told(3, "9")]}
    assert dearest(zones, NOW) == [told(0, "5"), told(2, "3"), told(3, "9")]


def test_what_was_dearest_before_all_zones_were_told_is_not_claimed() -> None:
    """c was dearer than both until hour 4, which an earlier asking told, and this one does not."""
    zones = {"a": [told(1, "5")], "b": [told(3, "2")], "c": [told(4, "1")]}
    assert dearest(zones, NOW + timedelta(hours=6)) == [told(4, "5")]


def test_nothing_told_is_nothing_claimed() -> None:
    assert dearest({}, NOW) == []
    assert dearest({"a": []}, NOW) == []
    assert changes([]) == []


def test_what_is_told_again_without_a_change_keeps_its_date() -> None:
    assert changes([told(2, "1"), told(0, "1"), told(3, "2"), told(5, "1")]) == [
        told(0, "1"),
        told(3, "2"),
        told(5, "1"),
    ]


ON_SPOT = replace(SPEC, spot=Spot())
BOOK: PriceBook = {
    SPARE: [told(-9, "7.2")],
    HERE: [told(-9, "7.2")],
    THERE: [told(-9, "0.36"), told(-2, "0.72"), told(-1, "0.18")],
    Item("fake", SCOPE.region, "ipv4"): [told(-9, "0")],
}


@pytest.mark.parametrize(("zone", "expected"), [(HERE.zone, "28.8"), (THERE.zone, "1.62"), ("", "28.8")])
def test_a_bill_has_the_prices_that_were_in_force_then_and_there(zone: str, expected: str) -> None:
    """Four hours: in b two at 0.36, one at 0.72, one at 0.18; in a, and where nobody knows, the dearest throughout."""
    row = a_row(observed=Observed.RUNNING, provider_id="m", zone=zone, spec=ON_SPOT)
    run = UsageInterval(row.id, Kind.RUN, 1, NOW - timedelta(hours=4), True, NOW)
    ever = Window(NOW - timedelta(days=9), NOW)
    assert bill(row, [run], [], BOOK, ever, NOW).compute == Decimal(expected)


def test_what_is_placed_costs_what_its_zone_costs_and_what_is_not_the_dearest() -> None:
    assert rates(SCOPE, ON_SPOT, UNKNOWN_PARTS, BOOK, NOW).compute == Decimal("7.2")
    assert rates(SCOPE, ON_SPOT, UNKNOWN_PARTS, BOOK, NOW, launched=True, zone=THERE.zone).compute == Decimal("0.18")
    assert rates(SCOPE, ON_SPOT, UNKNOWN_PARTS, BOOK, NOW, launched=True, zone=f"{SCOPE.region}z").compute == Decimal(
        "7.2"
    )
