"""EC2's spot prices: each zone's own, with their history (EC2 User Guide, "View Spot Instance pricing history": of 90 days)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from im.domain.money.bill import Item, Price
from im.domain.money.zones import changes, dearest
from im.domain.spec.spec import WINDOWS_SPOT
from im.domain.spec.spot import SPOT
from im.providers.aws.api.errors import translated
from im.providers.aws.launch.families import cannot_spot

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ec2.type_defs import SpotPriceTypeDef

_PRODUCT = {SPOT: "Linux/UNIX", WINDOWS_SPOT: "Windows"}


def fetch(ec2: EC2Client, items: Sequence[Item], since: datetime) -> dict[Item, Sequence[Price]]:
    """The prices that held from `since` on, of each zone, and what the dearest zone costs; absent where EC2 tells none.

    `ec2` is of the items' region. Raises ProviderError.
    """
    found: dict[Item, Sequence[Price]] = {}
    for item, zones in _told(ec2, items, since).items():
        found |= {replace(item, zone=zone): changes(prices) for zone, prices in zones.items()}
        found[item] = dearest({zone: changes(prices) for zone, prices in zones.items()}, since)
    return found


def _told(ec2: EC2Client, items: Sequence[Item], since: datetime) -> dict[Item, dict[str, list[Price]]]:
    wanted = {(one.name, _PRODUCT[one.market]): one for one in items if not cannot_spot(one.name)}
    found: dict[Item, dict[str, list[Price]]] = {}
    if not wanted:
        return found
    # it also tells what was in force at StartTime. No EndTime: which moment is now, EC2's own clock says
    asked: Any = {
        "InstanceTypes": sorted({name for name, _ in wanted}),
        "ProductDescriptions": sorted({product for _, product in wanted}),
        "StartTime": since,
    }
    with translated():
        for page in ec2.get_paginator("describe_spot_price_history").paginate(**asked):
            for told in page["SpotPriceHistory"]:
                if item := wanted.get((told["InstanceType"], told["ProductDescription"])):
                    found.setdefault(item, {}).setdefault(told["AvailabilityZone"], []).append(_price(told))
    return found


def _price(told: SpotPriceTypeDef) -> Price:
    since, zone = told["Timestamp"].astimezone(UTC), told["AvailabilityZone"]
    source = f"EC2 spot price in {zone}, in force since {since:%Y-%m-%d %H:%M} UTC"
    return Price(Decimal(told["SpotPrice"]), since, source)
