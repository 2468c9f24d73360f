"""What machines cost: the ledger. Intervals and prices in, Decimal US dollars out; nothing is rounded before it is shown.

Rules, after EC2's own: computing is billed by the time a machine runs, at least one minute for each start; a disk by its size for
as long as the machine exists, running or stopped; a public IPv4 address while it is held, which for the addresses that come with
a machine is while it runs. A price that is not known makes the sum unknown, never smaller.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from im.domain.instance import Instance
from im.domain.money.amount import ZERO
from im.domain.money.usage import Kind, Stretch
from im.domain.scope import Scope
from im.domain.spec.disk import disks_of
from im.domain.spec.spec import Spec
from im.domain.spec.spot import MARKET as SPOT

MINIMUM = timedelta(seconds=60)
"""EC2 charges at least one minute for each start (API reference, StartInstances)."""
HOURS_IN_MONTH = Decimal(730)
"""8,760 hours in a year, a twelfth of it: what AWS's own calculator takes for a price per GB and month."""
IPV4 = "ipv4"
VOLUMES = "volumes"
"""What no price here covers: volumes of another type than the root disk's, IOPS and throughput that are paid for."""
UNSEEN = "what is just being adopted"
"""Stands for a type that nobody knows yet."""
ON_DEMAND = "on_demand"
WINDOWS = "windows"
"""On demand, with the licence in the price of every hour."""

WINDOWS_SPOT = "windows_spot"
SPOTS = (SPOT, WINDOWS_SPOT)
"""Both have prices that change within hours."""

_HOUR = Decimal(3_600_000_000)  # microseconds
_MICROSECOND = timedelta(microseconds=1)


def disk_item(disk_type: str) -> str:
    return f"disk:{disk_type}"


@dataclass(frozen=True, slots=True, order=True)
class Item:
    """Something with a price: an instance type, `disk:gp3` (per GB and month) or `ipv4`, in one region of one cloud."""

    provider: str
    region: str
    name: str
    market: str = ON_DEMAND


@dataclass(frozen=True, slots=True)
class Price:
    """USD per hour (a disk: per GB and month), from `since` on."""

    usd: Decimal
    since: datetime
    source: str
    """Where it comes from, in words for people: `built-in table of 2026-02-27`."""


PriceBook = Mapping[Item, Sequence[Price]]
"""Each item's prices, oldest first. Before the first the first holds: it is the best that is known."""


def for_span(usd_per_hour: Decimal, span: timedelta) -> Decimal:
    """Multiplied first: the division is the one step that may need more digits than there are."""
    return usd_per_hour * Decimal(span // _MICROSECOND) / _HOUR


def price_at(prices: Sequence[Price], at: datetime) -> Price | None:
    held = [p for p in prices if p.since <= at]
    return held[-1] if held else (prices[0] if prices else None)


def charge(prices: Sequence[Price], began_at: datetime, ended_at: datetime) -> Decimal | None:
    """The cost of one unit from `began_at` to `ended_at`, across changes of price; None when no price is known."""
    if not prices:
        return None
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
        low = max(began_at, self.since)
        return low, max(low, min(ended_at, self.until))


@dataclass(frozen=True, slots=True)
class Bill:
    """What one instance, or several, cost within a window. Known parts only; `unknown` names what has no price."""

    compute: Decimal = ZERO
    address: Decimal = ZERO
    disk_running: Decimal = ZERO
    disk_stopped: Decimal = ZERO
    overrun_usd: Decimal = ZERO
    """What the time past its deadline cost; contained in `compute` and `address`."""
    running: timedelta = timedelta(0)
    stopped: timedelta = timedelta(0)
    overrun: timedelta = timedelta(0)
    doubt: timedelta = timedelta(0)
    """Running time that nobody can vouch for; contained in `running`."""
    unknown: frozenset[str] = frozenset()

    @property
    def total(self) -> Decimal:
        return self.compute + self.address + self.disk_running + self.disk_stopped

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
        )


def together(bills: Iterable[Bill]) -> Bill:
    total = Bill()
    for bill in bills:
        total += bill
    return total


def bill(
    row: Instance,
    stretches: Sequence[Stretch],
    deadlines: Sequence[Deadline],
    book: PriceBook,
    window: Window,
    now: datetime,
) -> Bill:
    """What `row` cost within `window`. What still goes on counts until `now`."""
    runs = sorted((s for s in stretches if s.kind is Kind.RUN), key=lambda s: s.began_at)
    disks = [s for s in stretches if s.kind is Kind.DISK]
    total = together(_run(row, run, deadlines, book, window, now) for run in runs)
    return total + together(_disk(row, disk, runs, book, window, now) for disk in disks)


def _run(
    row: Instance, run: Stretch, deadlines: Sequence[Deadline], book: PriceBook, window: Window, now: datetime
) -> Bill:
    ended_at = run.ended_at or max(now, run.began_at)
    low, high = window.cut(run.began_at, ended_at)
    billed = window.cut(run.began_at, max(ended_at, run.began_at + MINIMUM))
    if billed[1] <= billed[0] or run.never_ran:
        return Bill()
    machine, ipv4 = (
        prices_of(row.scope, row.spec, row.spec.instance_type, book),
        prices_of(row.scope, row.spec, IPV4, book),
    )
    compute = charge(machine, *billed)
    address = charge(ipv4, *billed) if run.address else ZERO
    over = [window.cut(*span) for span in overruns(run.began_at, ended_at, deadlines)]
    over_usd = ZERO
    for span in over:
        over_usd += (charge(machine, *span) or ZERO) + ((charge(ipv4, *span) or ZERO) if run.address else ZERO)
    doubted = window.cut(run.sure_until, ended_at) if run.sure_until else (low, low)
    missing = {label_of(row.spec)} if compute is None else set()
    return Bill(
        compute=compute or ZERO,
        address=address or ZERO,
        overrun_usd=over_usd,
        running=high - low,
        overrun=sum((b - a for a, b in over), timedelta(0)),
        doubt=doubted[1] - doubted[0],
        unknown=frozenset(missing | ({IPV4} if address is None else set())),
    )


def overruns(began_at: datetime, ended_at: datetime, deadlines: Sequence[Deadline]) -> list[tuple[datetime, datetime]]:
    """The parts of a run that lie past the deadline that held then."""
    parts = []
    for i, deadline in enumerate(deadlines):
        until = deadlines[i + 1].since if i + 1 < len(deadlines) else ended_at
        low, high = max(began_at, deadline.expires_at), min(ended_at, until)
        if high > low:
            parts.append((low, high))
    return parts


def _disk(
    row: Instance, disk: Stretch, runs: Sequence[Stretch], book: PriceBook, window: Window, now: datetime
) -> Bill:
    low, high = window.cut(disk.began_at, disk.ended_at or max(now, disk.began_at))
    if high <= low:
        return Bill()
    running = timedelta(0)
    awake = ZERO
    prices = prices_of(row.scope, row.spec, disk_item(disk.disk_type), book) if disk.disk_type else ()
    gigabytes = Decimal(disk.disk_gb or 0) / HOURS_IN_MONTH
    whole = charge(prices, low, high) if disk.disk_gb is not None else None
    for run in runs:
        a, b = max(low, run.began_at), min(high, run.ended_at or high)
        if b > a:
            running += b - a
            awake += (charge(prices, a, b) or ZERO) * gigabytes
    beside = frozenset({VOLUMES} if has_more_disks(row.spec, disk.disk_type) else ())
    if whole is None:
        return Bill(stopped=high - low - running, unknown=beside | {"disk"})
    stopped = whole * gigabytes - awake
    return Bill(disk_running=awake, disk_stopped=stopped, stopped=high - low - running, unknown=beside)


def prices_of(scope: Scope, spec: Spec, name: str, book: PriceBook) -> Sequence[Price]:
    """Those of its type (in its market), or of something beside it, where it is."""
    market = market_of(spec) if name == spec.instance_type else ON_DEMAND
    return book.get(Item(scope.provider, scope.region, name, market), ())


def has_more_disks(spec: Spec, disk_type: str | None) -> bool:
    """Is there something beside the gigabytes of `disk_type` that is paid for by the month?"""
    root, *more = disks_of(spec)
    other = any(disk.kind not in (None, disk_type) or disk.size_gb is None for disk in more)
    return other or any(disk.iops or disk.throughput for disk in (root, *more))


def label_of(spec: Spec) -> str:
    """Its type as `im prices` writes it: `t3.large`, `windows:t3.large`, `t3.large (spot)`."""
    return f"{_item(spec) or UNSEEN}{' (spot)' if market_of(spec) in SPOTS else ''}"


def how_to_state(scope: Scope, spec: Spec) -> str:
    """What to type when nobody knows its price."""
    spot = " --spot" if market_of(spec) in SPOTS else ""
    return f"im prices set {_item(spec)} USD_PER_HOUR{spot} --region {scope.region}"


def _item(spec: Spec) -> str:
    return f"{WINDOWS}:{spec.instance_type}" if market_of(spec) in (WINDOWS, WINDOWS_SPOT) else spec.instance_type


def market_of(spec: Spec) -> str:
    """`on_demand`, `windows`, `spot` or `windows_spot`: which price list the machine is billed by."""
    market = str(spec.options.get("market") or ON_DEMAND)
    return WINDOWS_SPOT if market == SPOT and spec.options.get("windows") else market
