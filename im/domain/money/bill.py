"""Prices, and what a bill is: Decimal US dollars; nothing is rounded before it is shown.

A price that is not known makes the sum unknown, never smaller.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from im.domain.money.amount import ZERO
from im.domain.spec.spec import ON_DEMAND, SPOTS, WINDOWS, WINDOWS_SPOT, Spec

if TYPE_CHECKING:
    from im.domain.scope import Scope

IPV4 = "ipv4"
VOLUMES = "volumes"
"""What no price here covers: volumes of another type than the root disk's, IOPS and throughput that are paid for."""
UNSEEN = "what is just being adopted"
"""Stands for a type that nobody knows yet."""

STATED = "stated by "
"""How the source of a price begins that a person said; their name follows."""

_HOUR = Decimal(3_600_000_000)  # microseconds
_MICROSECOND = timedelta(microseconds=1)


def disk_item(disk_type: str) -> str:
    return f"disk:{disk_type}"


def monthly_item(name: str) -> str:
    """The most that `name` costs in a calendar month, where its cloud has such a cap."""
    return f"month:{name}"


def is_compute(name: str) -> bool:
    """Is it an hour of a type, and none of what is charged beside or instead?"""
    return name != IPV4 and unit_of(name) == "hour"


def unit_of(name: str) -> str:
    """What the price of an item is for: `hour`, `month` or `GB month`."""
    return {"disk": "GB month", "month": "month"}.get(name.partition(":")[0], "hour")


@dataclass(frozen=True, slots=True, order=True)
class Item:
    """Something with a price: an instance type, `disk:gp3` (per GB and month), `ipv4`, `month:cx23`; in one region of one cloud."""

    provider: str
    region: str
    name: str
    market: str = ON_DEMAND
    zone: str = ""
    """Where each zone has a price of its own: which one. Empty: what holds for the whole region."""


@dataclass(frozen=True, slots=True)
class Price:
    """USD per hour (or what `unit_of` its item says), from `since` on."""

    usd: Decimal
    since: datetime
    source: str
    """Where it comes from, in words for people: `built-in table of 2026-02-27`."""

    @property
    def stated(self) -> bool:
        """A person said it, not a cloud."""
        return self.source.startswith(STATED)


@dataclass(frozen=True, slots=True)
class Known:
    """An item and its price of now; None when nobody told it."""

    item: Item
    price: Price | None


PriceBook = Mapping[Item, Sequence[Price]]
"""Each item's prices, oldest first. Before the first the first holds: it is the best that is known."""


def for_span(usd_per_hour: Decimal, span: timedelta) -> Decimal:
    """Multiplied first: the division is the one step that may need more digits than there are."""
    return usd_per_hour * Decimal(span // _MICROSECOND) / _HOUR


def price_at(prices: Sequence[Price], at: datetime) -> Price | None:
    return in_force(prices, at) or (prices[0] if prices else None)


def in_force(prices: Sequence[Price], at: datetime) -> Price | None:
    """The last one that began by then; None before the first."""
    return next((price for price in reversed(prices) if price.since <= at), None)


def summed(parts: Mapping[Item, Decimal], book: PriceBook) -> tuple[Price, ...]:
    """What so much of each of `parts` costs together, oldest first; nothing while one of them has no price."""
    if not all(book.get(part) for part in parts):
        return ()
    found = []
    for since in sorted({price.since for part in parts for price in book[part]}):
        held = {part: price for part in parts if (price := price_at(book[part], since)) is not None}
        latest = max(held.values(), key=lambda price: price.since)
        made = " + ".join(f"{number:f} {part.name}" for part, number in parts.items())
        usd = sum((price.usd * parts[part] for part, price in held.items()), ZERO)
        found.append(Price(usd, since, f"{latest.source}: {made}"))
    return tuple(found)


def charge(prices: Sequence[Price], began_at: datetime, ended_at: datetime) -> Decimal | None:
    """The cost of one unit from `began_at` to `ended_at`, across changes of price; None when no price is known."""
    if not prices:
        return None
    if len(prices) == 1:  # which most things have
        return for_span(prices[0].usd, ended_at - began_at) if ended_at > began_at else ZERO
    total = ZERO
    for i, price in enumerate(prices):
        low = began_at if i == 0 else max(began_at, price.since)
        high = ended_at if i == len(prices) - 1 else min(ended_at, prices[i + 1].since)
        if high > low:
            total += for_span(price.usd, high - low)
    return total


@dataclass(frozen=True, slots=True)
class Deadline:
    """The deadline that held from `since` on."""

    since: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Window:
    """What part of time is billed."""

    since: datetime
    until: datetime

    def cut(self, began_at: datetime, ended_at: datetime) -> tuple[datetime, datetime]:
        # by comparing: every bill cuts each of its times, and `max` with `min` took thrice as long
        low = began_at if began_at > self.since else self.since
        high = ended_at if ended_at < self.until else self.until
        return low, high if high > low else low


@dataclass(frozen=True, slots=True)
class Bill:
    """What one instance, or several, cost within a window. Known parts only; `unknown` names what has no price."""

    compute: Decimal = ZERO
    address: Decimal = ZERO
    disk_running: Decimal = ZERO
    disk_stopped: Decimal = ZERO
    overrun_usd: Decimal = ZERO
    """What was charged for the time in which it *ran* past its deadline; contained in `compute` and `address`.

    So it is where a stop saves nothing too: what a machine costs while it is stopped past its deadline is no overrun, for that
    deadline was kept; and a step (Hetzner's hour) that had begun before the deadline was not charged for what came after it.
    """
    running: timedelta = timedelta(0)
    stopped: timedelta = timedelta(0)
    overrun: timedelta = timedelta(0)
    doubt: timedelta = timedelta(0)
    """Time charged for computing that nobody can vouch for."""
    unknown: frozenset[str] = frozenset()
    snapshot: Decimal = ZERO
    """Of what it had given way to, or was about to."""

    @property
    def total(self) -> Decimal:
        return self.compute + self.address + self.disk_running + self.disk_stopped + self.snapshot

    @property
    def known(self) -> bool:
        return not self.unknown

    def __add__(self, other: Bill) -> Bill:
        return Bill(
            self.compute + other.compute,
            self.address + other.address,
            self.disk_running + other.disk_running,
            self.disk_stopped + other.disk_stopped,
            self.overrun_usd + other.overrun_usd,
            self.running + other.running,
            self.stopped + other.stopped,
            self.overrun + other.overrun,
            self.doubt + other.doubt,
            self.unknown | other.unknown,
            self.snapshot + other.snapshot,
        )


def sum_bills(bills: Iterable[Bill]) -> Bill:
    total: Bill | None = None
    for bill in bills:
        total = bill if total is None else total + bill
    return total or Bill()


def has_more_disks(spec: Spec, disk_type: str | None) -> bool:
    """Is there something beside the gigabytes of `disk_type` that is paid for by the month?"""
    root, *more = spec.disks
    other = any(disk.kind not in (None, disk_type) or disk.size_gb is None for disk in more)
    return other or any(disk.iops or disk.throughput for disk in (root, *more))


def label_of(spec: Spec) -> str:
    """Its type as `im prices` writes it: `t3.large`, `windows:t3.large`, `t3.large (spot)`."""
    return f"{_item(spec) or UNSEEN}{' (spot)' if spec.market in SPOTS else ''}"


def price_hint(scope: Scope, spec: Spec, where: str) -> str:
    """What to type when nobody knows its price. `where`: its prices hold there (`BillingRules.priced_in`)."""
    spot = " --spot" if spec.market in SPOTS else ""
    return f"im prices set {_item(spec)} USD_PER_HOUR{spot} --region {where} --provider {scope.provider}"


def _item(spec: Spec) -> str:
    return f"{WINDOWS}:{spec.instance_type}" if spec.market in (WINDOWS, WINDOWS_SPOT) else spec.instance_type
