"""Prices of a market: there is no list, so that of a type is what the best offer costs now; each machine then has its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from im.domain.money.bill import IPV4, Item, Price, disk_item
from im.domain.money.offer import Offer
from im.domain.scope import Scope
from im.domain.spec.gpu import parse_gpus
from im.domain.spec.spec import Spec
from im.providers.vast.billing import DISK
from im.providers.vast.gpus import TYPES, kind_of
from im.providers.vast.market import Ask, Market, disk_of
from im.providers.vast.profile import WORLD


class Prices:
    def __init__(self, market: Market) -> None:
        self._market = market

    def fetch(
        self, scope: Scope, items: Sequence[Item], since: datetime | None = None
    ) -> Mapping[Item, Sequence[Price]]:
        now = datetime.now(UTC)
        types = sorted({one.name for one in items if kind_of(one.name)}) or [next(iter(TYPES))]
        seen = self._market.look(Spec("", WORLD, "", "", "", ""), types)
        best: dict[str, Ask] = {}
        for one in seen:
            best.setdefault(one.instance_type, one)
        found: dict[Item, Sequence[Price]] = {}
        source = f"the best offer at Vast on {now:%Y-%m-%d}"
        for item in items:
            if item.name == IPV4:
                found[item] = (Price(Decimal(0), now, "in the price of the machine"),)
            elif item.name == disk_item(DISK) and seen:
                found[item] = (Price(max(one.disk for one in best.values()), now, source),)
            elif item.name in best:
                found[item] = (Price(best[item.name].compute, now, _with_traffic(source, best[item.name])),)
        return found

    def best(self, scope: Scope, spec: Spec, number: int) -> Sequence[Offer]:
        """The offers that a launch of this spec would try first, each with what it costs an hour. Raises ProviderError."""
        now = datetime.now(UTC)
        return [
            Offer(
                *(scope.provider, scope.account, scope.region, (one.country or WORLD,), True, one.instance_type),
                parse_gpus(TYPES[one.instance_type]) if one.instance_type in TYPES else parse_gpus("t4"),
                *(one.hourly(disk_of(spec)), None, f"reliability {one.reliability:.3f}", now, one.traffic),
            )
            for one in self._market.search(spec)[:number]
        ]


def _with_traffic(told: str, ask: Ask) -> str:
    return f"{told}; {ask.traffic}" if ask.traffic else told
