"""RunPod's list prices, by the GPU (or vCPU) and hour, the same in every data center; volumes by its manual."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from im.domain.money.bill import IPV4, Item, Price, disk_item
from im.domain.scope import Scope
from im.providers.runpod import gpus
from im.providers.runpod.api import RunPodApi
from im.providers.runpod.billing import DISK, VOLUME


class Prices:
    def __init__(self, api: RunPodApi) -> None:
        self._api = api

    def fetch(
        self, scope: Scope, items: Sequence[Item], since: datetime | None = None
    ) -> Mapping[Item, Sequence[Price]]:
        now = datetime.now(UTC)
        listed = f"RunPod's price list of {now:%Y-%m-%d}"
        kinds = {item: kind for item in items if (kind := gpus.parse(item.name)) is not None}
        found: dict[Item, Sequence[Price]] = {}
        for item, usd in {**self._of_gpus(kinds), **self._of_cpus(kinds)}.items():
            found[item] = (Price(usd, now, listed),)
        for item in items:
            if item.name == IPV4:
                found[item] = (Price(Decimal(0), now, "in the price of the pod"),)
            elif item.name == disk_item(DISK):
                found[item] = (Price(VOLUME, now, "RunPod's manual of 2026-08: twice that while stopped"),)
        return found

    def _of_gpus(self, kinds: Mapping[Item, gpus.Gpu | gpus.Cpu]) -> dict[Item, Decimal]:
        wanted = {item: kind for item, kind in kinds.items() if isinstance(kind, gpus.Gpu)}
        told = (
            {one["id"]: one["price"]["secure"] for one in self._api.listed("/catalog/gpus", "gpus")} if wanted else {}
        )
        ids = {item: gpus.id_of(kind.word, told) for item, kind in wanted.items()}
        # nothing is sold for nothing: a GPU that this kind of cloud does not have is listed at 0
        return {i: Decimal(str(told[ids[i]])) * kind.count for i, kind in wanted.items() if told.get(ids[i])}

    def _of_cpus(self, kinds: Mapping[Item, gpus.Gpu | gpus.Cpu]) -> dict[Item, Decimal]:
        wanted = {item: kind for item, kind in kinds.items() if isinstance(kind, gpus.Cpu)}
        told = (
            {one["id"]: one["price"]["securePerVcpu"] for one in self._api.listed("/catalog/cpus", "cpus")}
            if wanted
            else {}
        )
        return {i: Decimal(str(told[kind.flavor])) * kind.vcpus for i, kind in wanted.items() if told.get(kind.flavor)}
