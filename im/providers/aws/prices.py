"""The AWS Price List API: list prices of instance types and disks, on demand. It speaks for every region from one endpoint.

Spot prices are no list prices: `spot_prices` asks for them. A public address is filed under another service, and is not asked.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from im.domain.money.bill import Item, Price
from im.domain.scope import Scope
from im.domain.spec.spec import ON_DEMAND, SPOTS, WINDOWS
from im.providers.aws import spot_prices
from im.providers.aws.api.clients import Clients
from im.providers.aws.api.errors import translated
from im.providers.aws.partition import has_price_list
from im.providers.errors import Unavailable

ENDPOINT_REGION = "us-east-1"
"""One of the three regions that have the API; its answers are the same in all."""
_PAGE = 100

_PLAIN: Mapping[str, str] = {"tenancy": "Shared", "preInstalledSw": "NA", "capacitystatus": "Used"}
"""What shared hardware without further software is called; without `capacitystatus` the reserved capacity's rows come too."""
_SYSTEM: Mapping[str, Mapping[str, str]] = {
    ON_DEMAND: {"operatingSystem": "Linux"},
    WINDOWS: {"operatingSystem": "Windows", "licenseModel": "No License required"},
}


def fetch(pricing: Any, items: Iterable[Item]) -> dict[Item, Sequence[Price]]:
    """The prices that AWS tells, absent where it tells none. `pricing` is a client in ENDPOINT_REGION. Raises ProviderError."""
    found: dict[Item, Sequence[Price]] = {}
    for item in items:
        filters = _filters(item)
        if filters is None:
            continue
        prices = list(_prices(pricing, filters))
        if prices:
            # should a type be listed twice, the dearer one: a budget must not be surprised
            usd, since = max(prices)
            found[item] = (Price(usd, since, f"AWS price list, in force since {since:%Y-%m-%d}"),)
    return found


def _filters(item: Item) -> dict[str, str] | None:
    if item.market not in _SYSTEM:
        return None
    kind, _, name = item.name.rpartition(":")
    if kind == "disk":
        return {"productFamily": "Storage", "volumeApiName": name, "regionCode": item.region}
    if kind or "." not in name:
        return None
    return {"instanceType": name, "regionCode": item.region, **_SYSTEM[item.market], **_PLAIN}


def _prices(pricing: Any, filters: Mapping[str, str]) -> Iterator[tuple[Decimal, datetime]]:
    asked = [{"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in filters.items()]
    more: dict[str, str] = {}
    while True:
        with translated():
            answer = pricing.get_products(ServiceCode="AmazonEC2", Filters=asked, MaxResults=_PAGE, **more)
        for product in answer["PriceList"]:
            yield from _on_demand(product)
        if not answer.get("NextToken"):
            return
        more = {"NextToken": answer["NextToken"]}


def _on_demand(product: str) -> Iterator[tuple[Decimal, datetime]]:
    """Hourly or monthly prices above nothing: the rows of free tiers and of capacity already paid for cost 0."""
    try:
        for term in json.loads(product)["terms"].get("OnDemand", {}).values():
            since = datetime.fromisoformat(term["effectiveDate"].replace("Z", "+00:00"))
            for dimension in term["priceDimensions"].values():
                usd = Decimal(dimension["pricePerUnit"].get("USD", "0"))
                if usd > 0 and dimension["unit"] in ("Hrs", "GB-Mo"):
                    yield usd, since
    except (KeyError, TypeError, ValueError, AttributeError, InvalidOperation) as exc:
        raise Unavailable(f"the price list cannot be read: {type(exc).__name__} {exc}") from exc


class PriceListApi:
    """The price list and the spot prices, as an ability of the provider."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def fetch(
        self, scope: Scope, items: Sequence[Item], since: datetime | None = None
    ) -> Mapping[Item, Sequence[Price]]:
        """None outside `aws`: an account of another partition is unknown where prices are asked."""
        told = [one for one in items if has_price_list(one.region)]
        if not told or not has_price_list(scope.region):
            return {}
        lent = [one for one in told if one.market in SPOTS]
        found: dict[Item, Sequence[Price]] = {}
        for region in sorted({one.region for one in lent}):
            here = [one for one in lent if one.region == region]
            found |= spot_prices.fetch(self._clients.ec2(region), here, since or datetime.now(UTC))
        listed = [one for one in told if one.market not in SPOTS]
        return found | fetch(self._clients.pricing(ENDPOINT_REGION), listed) if listed else found
