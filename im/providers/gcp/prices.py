"""Google's public price list (Cloud Billing Catalog): units of vCPU, memory, disk and address, of which a machine is the sum.

No part of the list can be asked for, so all of it is read, once a day, and only what is understood of it is kept. A machine type
that is not made of known units has no price here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from im.domain.money.bill import IPV4, Item, Price
from im.domain.scope import Scope
from im.domain.spec.spec import ON_DEMAND
from im.domain.spec.spot import SPOT
from im.providers.errors import Unavailable
from im.providers.gcp.errors import CLOUD, translate
from im.providers.gcp.shapes import shape
from im.providers.kit.http import JsonApi

URL = "https://cloudbilling.googleapis.com"
SERVICE = "6F81-5844-456A"
"""Compute Engine's own number in the catalog."""
_PAGE = 2000
_KEEP = timedelta(hours=20)
_NANO = Decimal(1_000_000_000)
_MARKETS = {"OnDemand": ON_DEMAND, "Preemptible": SPOT}

_COMPUTE = re.compile(
    r"(?:Spot Preemptible )?(?:(?P<named>[A-Z]\d[A-Z]?)(?: Predefined)?(?: AMD| Arm)?|(?P<c2>Compute optimized)) "
    r"(?:Instance )?(?P<part>Core|Ram) running in .+"
)
_DISKS = {
    "Balanced PD Capacity": "pd-balanced",
    "SSD backed PD Capacity": "pd-ssd",
    "Storage PD Capacity": "pd-standard",
    "Hyperdisk Balanced Capacity": "hyperdisk-balanced",
}
_ADDRESS = "External IP Charge on a Standard VM"


@dataclass(frozen=True, slots=True)
class Unit:
    """What a price is of: `core/e2`, `ram/e2`, `disk:pd-balanced`, `ipv4`, in one region (or `global`) and market."""

    region: str
    market: str
    what: str


class PriceCatalog:
    """The list, as an ability of the provider."""

    def __init__(self, headers: Callable[[], Mapping[str, str]], url: str = "") -> None:
        self._json = JsonApi(url or URL, headers, translate, CLOUD)
        self._units: dict[Unit, Decimal] = {}
        self._read_at: datetime | None = None

    def fetch(
        self, scope: Scope, items: Sequence[Item], since: datetime | None = None
    ) -> Mapping[Item, Sequence[Price]]:
        now = datetime.now(UTC)
        if self._read_at is None or now - self._read_at > _KEEP:
            self._units, self._read_at = dict(self._read()), now
        found: dict[Item, Sequence[Price]] = {}
        for item in items:
            if (usd := self._cost(item)) is not None:
                found[item] = (Price(usd, self._read_at, f"Google's price catalog of {self._read_at:%Y-%m-%d}"),)
        return found

    def _cost(self, item: Item) -> Decimal | None:
        if item.name == IPV4 or item.name.startswith("disk:"):
            return self._units.get(Unit(item.region, ON_DEMAND, item.name)) or self._units.get(
                Unit("global", ON_DEMAND, item.name)
            )
        made_of = shape(item.name)
        if made_of is None:
            return None
        core = self._units.get(Unit(item.region, item.market, f"core/{made_of.family}"))
        ram = self._units.get(Unit(item.region, item.market, f"ram/{made_of.family}"))
        return core * made_of.vcpus + ram * made_of.gb if core is not None and ram is not None else None

    def _read(self) -> Iterator[tuple[Unit, Decimal]]:
        token = ""
        while True:
            query = {"pageSize": _PAGE, "currencyCode": "USD", "fields": _FIELDS} | (
                {"pageToken": token} if token else {}
            )
            page = self._json.get(f"/v1/services/{SERVICE}/skus", query).body
            try:
                for sku in page.get("skus") or []:
                    yield from _units_of(sku)
                token = page.get("nextPageToken") or ""
            except (KeyError, TypeError, ValueError, AttributeError, InvalidOperation) as exc:
                raise Unavailable(f"the price catalog cannot be read: {type(exc).__name__} {exc}") from exc
            if not token:
                return


_FIELDS = "nextPageToken,skus(description,category/usageType,serviceRegions,pricingInfo/pricingExpression/tieredRates)"


def _units_of(sku: Mapping[str, Any]) -> Iterator[tuple[Unit, Decimal]]:
    """What of it we understand: neither custom shapes nor reservations, licences or single tenancy."""
    market, what = _MARKETS.get(sku["category"]["usageType"]), _what(str(sku["description"]))
    if market is None or what is None:
        return
    rates = sku["pricingInfo"][-1]["pricingExpression"]["tieredRates"]
    rate = rates[-1]["unitPrice"]
    usd = Decimal(str(rate.get("units") or 0)) + Decimal(rate.get("nanos") or 0) / _NANO
    if usd > 0:
        for region in sku.get("serviceRegions") or ["global"]:
            yield Unit(region, market, what), usd


def _what(description: str) -> str | None:
    if description == _ADDRESS:
        return IPV4
    for begin, kind in _DISKS.items():
        if description == begin or description.startswith(f"{begin} in "):
            return f"disk:{kind}"
    found = _COMPUTE.fullmatch(description)
    if not found:
        return None
    family = "c2" if found["c2"] else found["named"].lower()
    return f"{'core' if found['part'] == 'Core' else 'ram'}/{family}"
