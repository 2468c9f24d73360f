"""A price: of what, since when, and where it is from; and read again."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from im.domain.money.bill import Item, Known, Price, unit_of
from im.views.times import read_moment, utc


def price_json(one: Known) -> dict[str, Any]:
    """`usd`, `since` and `source` are null where no price is known; `zone` is there where that zone has its own price."""
    price = one.price
    return {
        "provider": one.item.provider,
        "region": one.item.region,
        **({"zone": one.item.zone} if one.item.zone else {}),
        "item": one.item.name,
        "market": one.item.market,
        "usd": f"{price.usd:f}" if price else None,
        "per": unit_of(one.item.name).lower().replace(" ", "_"),
        "since": utc(price.since) if price else None,
        "source": price.source if price else None,
    }


def read_price(told: Mapping[str, Any]) -> Known:
    item = Item(told["provider"], told["region"], told["item"], told["market"], told.get("zone") or "")
    if told["usd"] is None:
        return Known(item, None)
    return Known(item, Price(Decimal(told["usd"]), read_moment(told["since"]), told["source"]))
