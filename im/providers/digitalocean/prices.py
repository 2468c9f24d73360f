"""DigitalOcean's prices: US dollars, net, the same in every region; disk and address are in the price of the droplet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from im.domain.money.bill import IPV4, Item, Price, disk_item, monthly_item
from im.domain.scope import Scope
from im.domain.shelf.snapshot import SNAPSHOT
from im.providers.digitalocean.api import DigitalOceanApi

SNAPSHOT_GB_MONTH = Decimal("0.06")
"""No call tells it: https://www.digitalocean.com/pricing/backups, "Snapshots", since 2022-07."""
INCLUDED = (IPV4, monthly_item(IPV4), disk_item("included"))


class Prices:
    def __init__(self, api: DigitalOceanApi) -> None:
        self._api = api

    def fetch(
        self, scope: Scope, items: Sequence[Item], since: datetime | None = None
    ) -> Mapping[Item, Sequence[Price]]:
        sizes, now = self._api.all("/sizes", "sizes"), datetime.now(UTC)
        told = {one["slug"]: Decimal(str(one["price_hourly"])) for one in sizes}
        told |= {monthly_item(one["slug"]): Decimal(str(one["price_monthly"])) for one in sizes}
        source = f"DigitalOcean's price list of {now:%Y-%m-%d}, net"
        found: dict[Item, Sequence[Price]] = {}
        for item in items:
            if item.name == disk_item(SNAPSHOT):
                found[item] = (Price(SNAPSHOT_GB_MONTH, now, "DigitalOcean's price page, net"),)
            elif item.name in INCLUDED:
                found[item] = (Price(Decimal(0), now, "in the price of the droplet"),)
            elif item.name in told:
                found[item] = (Price(told[item.name], now, source),)
        return found
