"""A price: of what, since when, and where it is from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from im.domain.money.bill import unit_of
from im.views.times import utc

if TYPE_CHECKING:
    from im.services.money.prices import Known


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
