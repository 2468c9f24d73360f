"""Prices that differ by zone, as those of spot machines do: what holds in one zone, and what its region is quoted at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from im.domain.money.bill import Item, Price, PriceBook, in_force
from im.domain.spec.spec import ON_DEMAND, SPOTS, Spec

if TYPE_CHECKING:
    from im.domain.money.rules import BillingRules
    from im.domain.scope import Scope


def prices_of(
    scope: Scope, spec: Spec, name: str, book: PriceBook, rules: BillingRules, zone: str = ""
) -> Sequence[Price]:
    """Those of its type (in its market), or of something beside it, where it is: in `zone`, once that is known."""
    market = spec.market if name == spec.instance_type else ON_DEMAND
    return held(Item(scope.provider, rules.priced_in(scope), name, market, zone if market in SPOTS else ""), book)


def held(item: Item, book: PriceBook) -> Sequence[Price]:
    """What `item` cost when, by all that the book tells of its zone and of its region."""
    region = book.get(replace(item, zone="") if item.zone else item, ())
    return of_zone(book.get(item, ()), region) if item.zone else region


def places_of(item: Item, zone: str) -> Iterable[Item]:
    """Everything that tells what `item` costs in `zone`; its region is all there is before the zone is known."""
    yield item
    if zone and item.market in SPOTS:
        yield replace(item, zone=zone)


def of_zone(zone: Sequence[Price], region: Sequence[Price]) -> Sequence[Price]:
    """What held in one zone, oldest first.

    Of what the zone's list tells and what a person stated for the region, the later holds. What a list tells of the region is
    another zone's price, and counts only before the first of this zone.
    """
    if not zone:
        return region
    first = zone[0].since
    also = [price for price in region if price.stated or price.since < first]
    return sorted([*also, *zone], key=lambda price: price.since)


def dearest(zones: Mapping[str, Sequence[Price]], since: datetime) -> list[Price]:
    """What the dearest zone costs, oldest first, by what each zone's list tells of the time from `since` on.

    Of a time before `since` the zones told only what was still in force then, so that it begins when the last of these did.
    """
    dates = {price.since for prices in zones.values() for price in prices}
    still = [price.since for prices in zones.values() if (price := in_force(prices, since)) is not None]
    found: list[Price] = []
    for date in sorted({day for day in dates if day > since} | ({max(still)} if still else set())):
        held = [price for prices in zones.values() if (price := in_force(prices, date)) is not None]
        top = max(held, key=lambda price: price.usd)
        if not found or found[-1].usd != top.usd:
            found.append(replace(top, since=date))
    return found


def changes(prices: Iterable[Price]) -> list[Price]:
    """Oldest first, without those that repeat the price before them."""
    found: list[Price] = []
    for price in sorted(prices, key=lambda one: one.since):
        if not found or found[-1].usd != price.usd:
            found.append(price)
    return found
