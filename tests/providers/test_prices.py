"""The prices that clouds tell: dated, oldest first, and by zone where each zone has its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from im.domain.money.bill import IPV4, Item, Price
from tests.providers.clouds import REGION, FakeRoom, Room
from tests.providers.standin_room import StandInRoom

NOON = datetime(2030, 1, 1, tzinfo=UTC)
A, B, C = (f"{REGION}{letter}" for letter in "abc")


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


@pytest.mark.sampled(every=3)
def test_what_a_list_tells_is_dated_and_in_order(room: Room) -> None:
    if isinstance(room, FakeRoom):
        room.cloud.prices[room.spec.instance_type] = Price(Decimal("0.36"), NOON, "a list")
    item = Item(room.scope.provider, room.scope.region, room.spec.instance_type)
    if room.provider.prices is None:  # told by somebody, or by a table alone
        assert room.scope.provider in ("crusoe", "kubernetes")
        return
    found = room.provider.prices.fetch(room.scope, [item, replace(item, name="no such thing")], NOON - hours(24))
    assert set(found) == {item}
    assert [price.since for price in found[item]] == sorted(price.since for price in found[item])
    assert all(price.since.tzinfo is not None and price.usd > 0 and price.source for price in found[item])


class Market:
    """A cloud whose zones have spot prices of their own: how they move, and what is told of them."""

    def __init__(self, room: FakeRoom | StandInRoom) -> None:
        self.room = room
        self.item = Item(room.scope.provider, REGION, "m7i.large", "spot")

    def moves(self, zone: str, usd: str) -> None:
        if isinstance(self.room, FakeRoom):
            self.room.cloud.spot.costs(zone, "m7i.large", usd)
        else:
            self.room.control.spot_price(zone, "m7i.large", usd)

    def step(self, number: float) -> None:
        if isinstance(self.room, FakeRoom):
            self.room.clock.step(hours=number)
        else:
            self.room.control.step(3600 * number)

    def told(self, since: datetime) -> Callable[[str], list[tuple[float, str]]]:
        """Zone (or empty) → hours after NOON, and US dollars."""
        found = self.room.provider.prices.fetch(self.room.scope, [self.item], since)
        return lambda zone: [
            ((price.since - NOON) / hours(1), f"{price.usd:f}")
            for price in found.get(replace(self.item, zone=zone), ())
        ]


@pytest.fixture(params=["fake", "standin"])
def market(request: pytest.FixtureRequest) -> Market:
    """a, b and c cost 0.09, 0.05 and 0.04; b changes after an hour and after two, a and c after three."""
    made = Market(request.getfixturevalue(request.param))
    for zone in "abcdef":
        made.moves(f"{REGION}{zone}", {"a": "0.09", "b": "0.05"}.get(zone, "0.04"))
    for zone, usd in ((B, "0.06"), (B, "0.07"), (A, "0.03")):
        made.step(1)
        made.moves(zone, usd)
    made.moves(C, "0.08")
    return made


def test_each_zone_has_every_price_between_two_askings(market: Market) -> None:
    told = market.told(NOON)
    assert told(A) == [(0, "0.09"), (3, "0.03")]
    assert told(B) == [(0, "0.05"), (1, "0.06"), (2, "0.07")]
    assert told(C) == [(0, "0.04"), (3, "0.08")]


def test_the_first_one_told_is_what_was_in_force(market: Market) -> None:
    told = market.told(NOON + hours(1.5))
    assert told(B) == [(1, "0.06"), (2, "0.07")]
    assert told(A) == [(0, "0.09"), (3, "0.03")]


def test_a_region_is_told_what_its_dearest_zone_costs_from_when_that_is_sure(market: Market) -> None:
    assert market.told(NOON)("") == [(0, "0.09"), (3, "0.08")]
    assert market.told(NOON + hours(1.5))("") == [(1, "0.09"), (3, "0.08")]
    market.step(1)
    assert market.told(NOON + hours(4))("") == [(3, "0.08")]


def test_a_type_of_which_nothing_is_told_is_absent(market: Market) -> None:
    item = replace(market.item, name="t2.nano")  # is not lent
    assert item not in market.room.provider.prices.fetch(market.room.scope, [item], NOON)


def test_ec2_tells_of_windows_too_and_the_source_names_zone_and_date(standin: StandInRoom) -> None:
    standin.control.spot_price(C, "m7i.large", "0.09")
    spot, windows = (Item("aws", REGION, "m7i.large", market) for market in ("spot", "windows_spot"))
    plain = Item("aws", REGION, "m7i.large")
    found = standin.provider.prices.fetch(standin.scope, [spot, windows, plain])
    assert [price.usd for item in (spot, windows) for price in found[item]] == [Decimal("0.09")] * 2
    assert found[spot][0].source == "EC2 spot price in us-east-1c, in force since 2030-01-01 00:00 UTC"
    assert found[spot][0].since == datetime.fromtimestamp(standin.control.now(), UTC)
    assert found[plain][0].usd > Decimal("0.09")
    assert IPV4 not in {item.name for item in found}
