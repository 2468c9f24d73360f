"""What a machine is going to cost: an hour of it, and all of it until its deadline.

An hour means the same everywhere: computing, public address and disk together. Until the cloud has made the machine, what it is
going to have is taken from its wish; from then on, what it has. A part whose price or size nobody knows is named, not guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from im.domain.instance import Instance
from im.domain.money.amount import ZERO
from im.domain.money.bill import (
    HOURS_IN_MONTH,
    IPV4,
    VOLUMES,
    Price,
    PriceBook,
    disk_item,
    for_span,
    has_more_disks,
    price_at,
    prices_of,
)
from im.domain.money.usage import Kind, Stretch
from im.domain.scope import Scope
from im.domain.spec.placement import candidates
from im.domain.spec.spec import Spec
from im.domain.spec.spot import spot_of
from im.domain.state import ALIVE, Desired, Observed


@dataclass(frozen=True, slots=True)
class Parts:
    """What costs beside computing. A disk of unknown size or type has no known price."""

    address: bool = True
    disk_gb: int | None = None
    disk_type: str | None = None


UNTOLD = Parts()
"""Of a wish that tells nothing: an address is the rule."""


@dataclass(frozen=True, slots=True)
class Rates:
    """USD per hour of each part; None where the price is not known."""

    compute: Decimal | None
    address: Decimal | None
    disk: Decimal | None
    source: str = ""
    """Where the price of computing comes from."""
    more_disks: bool = False
    """It has volumes or IOPS beside, which are in none of the parts."""

    @property
    def running(self) -> Decimal | None:
        """Of a running machine, as far as it is known; None without a price for computing, which is most of it."""
        if self.compute is None:
            return None
        return self.compute + (self.address or ZERO) + (self.disk or ZERO)

    @property
    def missing(self) -> list[str]:
        """What is in it and has no price."""
        parts = (("computing", self.compute), ("address", self.address), ("disk", self.disk))
        return [what for what, usd in parts if usd is None] + ([VOLUMES] if self.more_disks else [])

    @property
    def whole(self) -> bool:
        """Every part has a price; otherwise it is at least that much."""
        return not self.missing

    @property
    def at_most(self) -> bool:
        """Computing costs no more than that, and probably less."""
        return self.source == AT_MOST


def types_of(spec: Spec, *, launched: bool) -> tuple[str, ...]:
    """The types that it may be: its own once it is launched, until then every one that is going to be tried."""
    if launched:
        return (spec.instance_type,)
    return tuple(dict.fromkeys(one.instance_type for one in candidates(spec)))


def rates(scope: Scope, spec: Spec, parts: Parts, book: PriceBook, now: datetime, *, launched: bool = False) -> Rates:
    """What an hour of it costs, by the prices of `now`; at most, while it may still become one of several types."""
    may_be = [replace(spec, instance_type=one) for one in types_of(spec, launched=launched)]
    compute = _dearest(scope, may_be, book, now) or at_most(spec, now)
    ipv4 = price_at(prices_of(scope, spec, IPV4, book), now)
    per_month = price_at(prices_of(scope, spec, disk_item(parts.disk_type), book), now) if parts.disk_type else None
    return Rates(
        compute=compute.usd if compute else None,
        address=(ipv4.usd if ipv4 else None) if parts.address else ZERO,
        disk=per_month.usd * parts.disk_gb / HOURS_IN_MONTH if per_month and parts.disk_gb is not None else None,
        source=compute.source if compute else "",
        more_disks=has_more_disks(spec, parts.disk_type),
    )


def _dearest(scope: Scope, specs: Sequence[Spec], book: PriceBook, now: datetime) -> Price | None:
    """None where the price of any is not known: that one may be dearer than all others."""
    found = [price_at(prices_of(scope, spec, spec.instance_type, book), now) for spec in specs]
    known = [price for price in found if price is not None]
    return max(known, key=lambda price: price.usd) if len(known) == len(found) else None


AT_MOST = "at most: its --max-price"
"""The source of a price that nobody told, and that cannot be exceeded. What was spent so far is not computed by it."""


def at_most(spec: Spec, now: datetime) -> Price | None:
    """What an hour of a spot machine may cost, where a limit was set."""
    spare = spot_of(spec)
    return Price(spare.max_price, now, AT_MOST) if spare and spare.max_price is not None else None


def parts_of(row: Instance, stretches: Sequence[Stretch], expected: Parts) -> Parts:
    """What it has while it runs: as seen, and `expected` of what was not seen yet."""
    runs = [s for s in stretches if s.kind is Kind.RUN]
    if row.observed is Observed.RUNNING or row.public_ip is not None:
        address = row.public_ip is not None
    else:  # a stopped machine has given its address back, and gets one again as it did before
        address = max(runs, key=lambda s: s.number).address if runs else expected.address
    disk = next((s for s in stretches if s.kind is Kind.DISK and s.ended_at is None), None)
    if disk is None:
        return Parts(address, expected.disk_gb, expected.disk_type)
    return Parts(address, disk.disk_gb, disk.disk_type)


def runs_on(row: Instance) -> bool:
    """Does it compute, or is it about to, until its deadline?"""
    if row.closed_at is not None or row.failed:
        return False
    return row.desired is Desired.RUNNING and (row.observed in ALIVE or row.launching or not row.settled)


def to_deadline(row: Instance, hourly: Rates, now: datetime) -> Decimal | None:
    """What it will cost from `now` to its deadline if nothing changes; nothing once it does not run."""
    if not runs_on(row) or row.expires_at <= now:
        return ZERO
    return None if hourly.running is None else for_span(hourly.running, row.expires_at - now)


def computes(row: Instance) -> bool:
    """Does it pay for computing now, or is it about to?"""
    taken_back = row.observed is Observed.STOPPED and row.interrupted_at is not None
    return (runs_on(row) and not taken_back) or row.observed in ALIVE


def rate_now(row: Instance, hourly: Rates) -> Decimal | None:
    """What an hour costs in the state that it is in: everything while it runs, the disk alone while it is stopped."""
    if computes(row):
        return hourly.running
    if row.observed in (Observed.STOPPED, Observed.STOPPING):
        return hourly.disk
    return ZERO


def is_whole(row: Instance, hourly: Rates) -> bool:
    """Does `rate_now` hold everything that is paid for? A stopped machine pays for its disk alone."""
    if not computes(row):
        return not hourly.more_disks or row.observed not in (Observed.STOPPED, Observed.STOPPING)
    return hourly.whole
