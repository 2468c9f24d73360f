"""List prices from Azure's public price list, which asks nobody who they are: USD, before any discount of one's own.

https://learn.microsoft.com/rest/api/cost-management/retail-prices/azure-retail-prices
Values in its filters are compared to the letter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from im.domain.money.bill import IPV4, Item, Price, is_compute
from im.domain.scope import Scope
from im.domain.spec.spec import ON_DEMAND
from im.domain.spec.spot import SPOT
from im.providers.azure.sizes import gb_of_tier
from im.providers.errors import Unavailable
from im.providers.kit.http import JsonApi

URL = urlsplit("https://prices.azure.com/api/retail/prices")
_VERSION = "2023-01-01-preview"
_MOST_PAGES = 20
_PRODUCTS = {"standardssd": "Standard SSD Managed Disks", "premium": "Premium SSD Managed Disks"}
_ADDRESS = "Standard IPv4 Static Public IP"


class Prices:
    def __init__(self, url: str = URL.geturl(), token: Callable[[], str] | None = None) -> None:
        """`token`: for a sandbox, whose list is for its own people."""
        split = urlsplit(url)
        self._path = split.path
        headers = (lambda: {"Authorization": f"Bearer {token()}"}) if token is not None else dict
        self._base = f"{split.scheme}://{split.netloc}"
        self._json = JsonApi(self._base, headers, lambda answer, mutating: None, "Azure's price list")

    def fetch(
        self, scope: Scope, items: Sequence[Item], since: datetime | None = None
    ) -> Mapping[Item, Sequence[Price]]:
        """One question for each: the whole list of a location has thousands of lines."""
        now = datetime.now(UTC)
        found: dict[Item, Sequence[Price]] = {}
        for item in items:
            asked = _filter(item)
            usd = _price(item, self._lines(asked)) if asked else None
            if usd is not None:
                found[item] = (Price(usd, now, f"Azure's price list of {now:%Y-%m-%d}"),)
        return found

    def _lines(self, asked: str) -> Iterator[dict[str, Any]]:
        query: dict[str, str] = {"api-version": _VERSION, "currencyCode": "'USD'", "$filter": asked}
        for _ in range(_MOST_PAGES):
            body = self._json.get(self._path, query).body
            try:
                yield from body["Items"]
                following = body.get("NextPageLink")
            except (KeyError, TypeError, AttributeError) as exc:
                raise Unavailable(f"Azure's price list cannot be read: {exc} is missing or new to us") from exc
            if not following or not str(following).startswith(f"{self._base}/"):
                return
            query = dict(parse_qsl(urlsplit(str(following)).query, keep_blank_values=True))


def _filter(item: Item) -> str:
    """What asks for the lines of an item; empty for one that no such list has."""
    terms = {"priceType": "Consumption", "armRegionName": item.region}
    if item.name == IPV4:
        terms |= {"serviceName": "Virtual Network", "productName": "IP Addresses", "meterName": _ADDRESS}
    elif item.name.startswith("disk:"):
        tier = item.name.removeprefix("disk:")
        product = _PRODUCTS.get(tier.partition("-")[0])
        if product is None or gb_of_tier(tier) is None:
            return ""
        meter = f"{tier.rpartition('-')[2].upper()} LRS Disk"
        terms |= {"serviceName": "Storage", "productName": product, "meterName": meter}
    elif is_compute(item.name) and item.market in (ON_DEMAND, SPOT):
        terms |= {"serviceName": "Virtual Machines", "armSkuName": item.name}
    else:
        return ""
    return " and ".join(f"{field} eq '{value}'" for field, value in terms.items() if "'" not in value)


def _price(item: Item, lines: Iterator[dict[str, Any]]) -> Decimal | None:
    """The dearest of those that are meant: a budget must not be surprised. For disks, of one GB in a month."""
    compute = is_compute(item.name)
    meant = [Decimal(str(line["retailPrice"])) for line in lines if not compute or _is_meant(item, line)]
    meant = [usd for usd in meant if usd > 0]
    if not meant:
        return None
    size = gb_of_tier(item.name.removeprefix("disk:")) if item.name.startswith("disk:") else None
    return max(meant) / size if size else max(meant)


def _is_meant(item: Item, line: Mapping[str, Any]) -> bool:
    """Linux by the hour; of spot what says so, and never what was called low priority."""
    product, told = str(line.get("productName", "")), f"{line.get('skuName', '')} {line.get('meterName', '')}"
    if product.endswith("Windows") or "Cloud Services" in product or "Dedicated" in product:
        return False
    if "Low Priority" in told or line.get("unitOfMeasure") != "1 Hour":
        return False
    return ("Spot" in told) is (item.market == SPOT)
