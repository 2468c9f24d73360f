"""What is to be had on the market now: searched for, and put in order by price and reliability.

An offer's number names a piece of a host at this moment, and is worth nothing a second later: it is never kept.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from threading import Lock
from typing import Any

from im.domain.money.amount import unrounded
from im.domain.spec.placement import ANY
from im.domain.spec.spec import Spec
from im.providers.errors import InvalidSpec
from im.providers.vast.api import VastApi
from im.providers.vast.billing import DEFAULT_DISK
from im.providers.vast.flags import RELIABILITY
from im.providers.vast.gpus import kind_of, type_of
from im.providers.vast.profile import EU, LASTS, MAX_PRICE, USUAL_RELIABILITY, WORLD

MOST, ALL = 20, 1000
"""Offers of one search for a launch, and of one for a look at the whole market."""
_FRESH = 60.0
"""Seconds for which a look at the market is good: Vast counts the searches of a day."""
_HOURS = Decimal(730)


@dataclass(frozen=True, slots=True)
class Ask:
    """One offer. Prices in USD an hour, that of the disk for a GB and month."""

    number: int
    instance_type: str
    country: str
    compute: Decimal
    disk: Decimal
    reliability: Decimal
    lasts: timedelta
    gpu_name: str
    gpu_ram: float
    count: int
    up: Decimal | None = None
    """USD per GB that is sent; None where the offer does not say."""
    down: Decimal | None = None
    """The same of what is received."""

    def hourly(self, disk_gb: int) -> Decimal:
        return self.compute + self.disk * disk_gb / _HOURS

    @property
    def traffic(self) -> str:
        """What it costs beside, which is in no total; empty where the offer does not say."""
        if self.up is None or self.down is None:
            return ""
        return f"traffic not in it: ${unrounded(self.up)} a GB sent, ${unrounded(self.down)} a GB received"

    @property
    def merit(self) -> Decimal:
        """What an hour costs that is likely to be a good one: the price by the reliability. Less is better."""
        return self.compute / max(self.reliability, Decimal("0.01"))


def query(spec: Spec, types: Sequence[str], least: timedelta, limit: int) -> dict[str, Any]:
    """A search for what can be taken, of verified hosts alone. Raises InvalidSpec for a type that is none."""
    kinds = [kind_of(one) for one in types]
    if None in kinds:
        raise InvalidSpec(f"{types[kinds.index(None)]} is no type of Vast's")
    found = [one for one in kinds if one is not None]
    disk = disk_of(spec)
    asked: dict[str, Any] = {
        "gpu_name": _one_of(sorted({one.gpu for one in found})),
        "num_gpus": _one_of(sorted({one.count for one in found})),
        "rentable": {"eq": True},
        "rented": {"eq": False},
        "verified": {"eq": True},
        "reliability2": {"gte": float(spec.provider_options.get(RELIABILITY) or USUAL_RELIABILITY)},
        "disk_space": {"gte": disk},
        "duration": {"gte": least.total_seconds()},
        "direct_port_count": {"gte": 1},
        "type": "on-demand",
        "order": [["dph_total", "asc"]],
        "limit": limit,
        "allocated_storage": disk,
    }
    if spec.zone not in ("", WORLD, ANY):
        asked["geolocation"] = {"in": list(EU) if spec.zone == "EU" else [spec.zone]}
    if most := spec.provider_options.get(MAX_PRICE):
        asked["dph_total"] = {"lte": float(most)}
    return asked


def _one_of(values: list[Any]) -> dict[str, Any]:
    return {"eq": values[0]} if len(values) == 1 else {"in": values}


def disk_of(spec: Spec) -> int:
    return (spec.disks[0].size_gb if spec.disks else None) or DEFAULT_DISK


def lasts(spec: Spec) -> timedelta:
    """How long it is asked for; an hour where nobody said."""
    return timedelta(seconds=float(spec.provider_options.get(LASTS) or 3600))


def read(told: Sequence[Mapping[str, Any]], spec: Spec) -> list[Ask]:
    """Those that can be understood and cost no more than was allowed, the best first. Every number may be missing in one."""
    most = spec.provider_options.get(MAX_PRICE)
    found = [one for one in map(_ask, told) if one is not None]
    kept = [one for one in found if not most or one.hourly(disk_of(spec)) <= Decimal(str(most))]
    return sorted(kept, key=lambda one: (one.merit, one.number))


def _ask(told: Mapping[str, Any]) -> Ask | None:
    try:
        reliability = told.get("reliability2") or told.get("reliability") or 0
        return Ask(
            int(told["id"]),
            type_of(str(told["gpu_name"]), float(told.get("gpu_ram") or 0), int(told["num_gpus"])),
            country_of(str(told.get("geolocation") or "")),
            Decimal(str(told["dph_base"])),
            Decimal(str(told.get("storage_cost") or 0)),
            Decimal(str(reliability)),
            timedelta(seconds=min(float(told.get("duration") or 0), 1e9)),
            str(told["gpu_name"]),
            float(told.get("gpu_ram") or 0),
            int(told["num_gpus"]),
            _per_gb(told.get("inet_up_cost")),
            _per_gb(told.get("inet_down_cost")),
        )
    except (KeyError, TypeError, ValueError, ArithmeticError):
        return None


def _per_gb(told: object) -> Decimal | None:
    return None if told is None else Decimal(str(told))


def country_of(place: str) -> str:
    """`NO` of `Norway, NO`; empty where it ends in no country."""
    word = place.rpartition(",")[2].strip()
    return word if len(word) == 2 and word.isalpha() else ""


class Market:
    """Looks at the whole market, each good for a minute, and searches for a launch, which are always new."""

    def __init__(self, api: VastApi, clock: Callable[[], float] = time.monotonic) -> None:
        self._api, self._clock = api, clock
        self._kept: dict[str, tuple[float, list[Ask]]] = {}
        self._lock = Lock()

    def search(self, spec: Spec) -> list[Ask]:
        """For a launch of this spec: what matches its type, the best first."""
        told = self._api.offers(query(spec, [spec.instance_type], lasts(spec), MOST))
        return [one for one in read(told, spec) if one.instance_type == spec.instance_type]

    def look(self, spec: Spec, types: Sequence[str]) -> list[Ask]:
        """Of all these types, whoever may want them."""
        asked = query(spec, types, lasts(spec), ALL)
        key = repr(sorted(asked.items()))
        with self._lock:
            now = self._clock()
            at, kept = self._kept.get(key, (now - 2 * _FRESH, []))
            if now - at > _FRESH:
                kept = read(self._api.offers(asked), spec)
                self._kept = {one: known for one, known in self._kept.items() if now - known[0] <= _FRESH}
                self._kept[key] = (now, kept)
            return [one for one in kept if one.instance_type in types]
