"""Lambda's prices: US cents for an hour of a whole machine, net, the same in every region; disk and address are in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from im.domain.money.bill import IPV4, Item, Price, disk_item
from im.domain.scope import Scope
from im.providers.lambda_cloud.api import LambdaApi

INCLUDED = (IPV4, disk_item("included"))


class Prices:
    def __init__(self, api: LambdaApi) -> None:
        self._api = api

    def fetch(
        self, scope: Scope, items: Sequence[Item], since: datetime | None = None
    ) -> Mapping[Item, Sequence[Price]]:
        now, types = datetime.now(UTC), self._api.get("/instance-types")
        source = f"Lambda's price list of {now:%Y-%m-%d}, net"
        found: dict[Item, Sequence[Price]] = {}
        for item in items:
            if item.name in INCLUDED:
                found[item] = (Price(Decimal(0), now, "in the price of the machine"),)
            elif item.name in types:
                cents = types[item.name]["instance_type"]["price_cents_per_hour"]
                found[item] = (Price(Decimal(cents) / 100, now, source),)
        return found
