"""What a machine is going to cost: an hour of it, and all of it until its deadline.

An hour means the same everywhere: computing, public address and disk together. Until the cloud has made the machine, what it is
going to have is taken from its wish; from then on, what it has. A part whose price or size nobody knows is named, not guessed.
What a stop saves, and whether anything ends the cost of a machine that is stopped, its cloud's rules say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple

from im.domain.instance import Instance
from im.domain.money.amount import ZERO
from im.domain.money.bill import (
    IPV4,
    VOLUMES,
    Item,
    Price,
    PriceBook,
    Window,
    disk_item,
    for_span,
    has_more_disks,
    monthly_item,
    price_at,
)
from im.domain.money.charges import Tariff, charged, month_of
from im.domain.money.rules import PER_SECOND, BillingRules, While
from im.domain.money.usage import Kind, UsageInterval
from im.domain.money.zones import held, prices_of
from im.domain.scope import Scope
from im.domain.shelf.snapshot import NOT_SHELVED
from im.domain.spec.placement import candidates
from im.domain.spec.spec import SPOTS, Spec
from im.domain.state import ALIVE, GONE, Desired, Observed, OnExpiry, Why


class Parts(NamedTuple):
    """What costs beside computing. A disk of unknown size or type has no known price."""

    address: bool = True
    disk_gb: int | None = None
    disk_type: str | None = None


UNKNOWN_PARTS = Parts()
"""Of a spec that says nothing of them: an address is the rule."""


@dataclass(frozen=True)  # without slots: what follows from them is kept with them, for all machines of a kind
class Rates:
    """USD per hour of each part; None where the price is not known."""

    compute: Decimal | None
    address: Decimal | None
    disk: Decimal | None
    source: str = ""
    """Where the price of computing comes from."""
    more_disks: bool = False
    """It has volumes or IOPS beside, which are in none of the parts."""
    rules: BillingRules = PER_SECOND
    compute_cap: Decimal | None = None
    """USD per calendar month at most; None where there is no cap, or nobody told it."""
    address_cap: Decimal | None = None
    snapshot: Decimal | None = ZERO
    """Of the snapshots that there are of it, and of the address that is kept beside one; None where a price is not known."""

    @cached_property
    def running(self) -> Decimal | None:
        """Of a running machine, as far as it is known; None without a price for computing, which is most of it."""
        if self.compute is None:
            return None
        return self.compute + (self.address or ZERO) + (self.disk or ZERO)

    @cached_property
    def stopped(self) -> Decimal | None:
        """Of a stopped machine: its disk, and what its cloud charges for on and on; None as long as its chief part has no price."""
        address = (self.address or ZERO) if self.rules.address is While.THERE else ZERO
        if self.rules.stop_saves_nothing:
            return None if self.compute is None else self.compute + address + (self.disk or ZERO)
        return None if self.disk is None else self.disk * self.rules.disk_stopped + address

    @cached_property
    def saved_by_stop(self) -> Decimal | None:
        """What an hour costs less once it is stopped, as far as that is known."""
        if self.rules.stop_saves_nothing:
            return ZERO
        if self.compute is None:
            return None
        return self.compute + ((self.address or ZERO) if self.rules.address is While.RUNNING else ZERO)

    def to_come(self, began_at: datetime, now: datetime, until: datetime) -> Decimal | None:
        """USD from `now` until then, of what is charged from `began_at` on; None without a price for computing."""
        running = self.running
        if self.compute is None or running is None or until <= now:
            return None if running is None else ZERO
        if self.rules.by_the_hour_alone:
            return for_span(running, until - now)
        total = for_span(self.disk or ZERO, until - now)
        for usd, cap in ((self.compute, self.compute_cap), (self.address or ZERO, self.address_cap)):
            tariff = Tariff(_held(usd, began_at), _held(cap, began_at))
            total += charged(self.rules, tariff, began_at, until, Window(now, until)) or ZERO
        return total

    @property
    def missing(self) -> list[str]:
        """What is in it and has no price."""
        parts = (("computing", self.compute), ("address", self.address), ("disk", self.disk))
        return [what for what, usd in parts if usd is None] + ([VOLUMES] if self.more_disks else [])

    @cached_property
    def whole(self) -> bool:
        """Every part has a price; otherwise it is at least that much."""
        return self.compute is not None and self.address is not None and self.disk is not None and not self.more_disks

    @cached_property
    def at_most(self) -> bool:
        """Computing costs no more than that, and probably less."""
        return self.source == AT_MOST


def types_of(spec: Spec, *, launched: bool) -> tuple[str, ...]:
    """The types that it may be: its own once it is launched, until then every one that is going to be tried."""
    return (spec.instance_type,) if launched else tuple(dict.fromkeys(one.instance_type for one in candidates(spec)))


def _held(usd: Decimal | None, since: datetime) -> tuple[Price, ...]:
    return () if usd is None else (Price(usd, since, ""),)


def rates(
    scope: Scope,
    spec: Spec,
    parts: Parts,
    book: PriceBook,
    now: datetime,
    *,
    launched: bool = False,
    zone: str = "",
    rules: BillingRules = PER_SECOND,
) -> Rates:
    """What an hour of it costs, by the prices of `now`; at most, while it may still become one of several types.

    `zone`: where it is, of a machine that is somewhere; what is not placed yet may come to the dearest zone of its region.
    """
    at = (spec.market, zone if spec.market in SPOTS else "")
    items = [Item(scope.provider, rules.priced_in(scope), one, *at) for one in types_of(spec, launched=launched)]
    compute = _dearest(items, book, now) or at_most(spec, now)
    ipv4 = price_at(prices_of(scope, spec, IPV4, book, rules), now)
    caps = [replace(one, name=monthly_item(one.name), zone="") for one in items] if rules.monthly_cap else ()
    address_cap = price_at(prices_of(scope, spec, monthly_item(IPV4), book, rules), now) if caps else None
    return Rates(
        compute=compute.usd + rules.computing_beside(spec) if compute else None,
        address=(ipv4.usd if ipv4 else None) if parts.address else ZERO,
        disk=_of_disk(scope, spec, parts, book, now, rules),
        source=compute.source if compute else "",
        more_disks=has_more_disks(spec, parts.disk_type),
        rules=rules,
        compute_cap=cap.usd if (cap := _dearest(caps, book, now)) else None,
        address_cap=address_cap.usd if address_cap else None,
    )


def _of_disk(
    scope: Scope, spec: Spec, parts: Parts, book: PriceBook, now: datetime, rules: BillingRules
) -> Decimal | None:
    if parts.disk_gb == 0:
        return ZERO  # it is in the price of the machine
    known = prices_of(scope, spec, disk_item(parts.disk_type), book, rules) if parts.disk_type else ()
    per_month = price_at(known, now)
    return per_month.usd * parts.disk_gb / rules.hours_in_month if per_month and parts.disk_gb is not None else None


def _dearest(items: Sequence[Item], book: PriceBook, now: datetime) -> Price | None:
    """None where the price of any is not known: that one may be dearer than all others."""
    found = [price_at(held(item, book), now) for item in items]
    known = [price for price in found if price is not None]
    return max(known, key=lambda price: price.usd, default=None) if len(known) == len(found) else None


AT_MOST = "at most: its --max-price"
"""The source of a price that nobody told, and that cannot be exceeded. What was spent so far is not computed by it."""


def at_most(spec: Spec, now: datetime) -> Price | None:
    """What an hour of a spot machine may cost, or of one at a market of offers, where a limit was set."""
    said = spec.spot.max_price if spec.spot else spec.provider_options.get("max_price")
    return Price(Decimal(str(said)), now, AT_MOST) if said else None


def parts_of(row: Instance, intervals: Sequence[UsageInterval], expected: Parts) -> Parts:
    """What it has while it runs: as seen, and `expected` of what was not seen yet."""
    if row.observed is Observed.RUNNING or row.public_ip is not None:
        address = row.public_ip is not None
    else:  # a stopped machine has given its address back, and gets one again as it did before
        runs = [s for s in intervals if s.kind is Kind.RUN]
        address = max(runs, key=lambda s: s.number).address if runs else expected.address
    for one in intervals:
        if one.kind is Kind.DISK and one.ended_at is None:
            return Parts(address, one.disk_gb, one.disk_type)
    return Parts(address, expected.disk_gb, expected.disk_type)


def runs_on(row: Instance) -> bool:
    """Does it compute, or is it about to, until its deadline?"""
    over = row.closed_at is not None or row.failed
    return not over and row.desired is Desired.RUNNING and (row.observed in ALIVE or row.launching or not row.settled)


def began_at(intervals: Sequence[UsageInterval], rules: BillingRules) -> datetime | None:
    """Since when it is charged for what it computes now; None where it is not."""
    kind = Kind.RUN if rules.computing is While.RUNNING else Kind.DISK
    found = [one.began_at for one in intervals if one.kind is kind and one.ended_at is None]
    return found[0] if found else None


def is_charged(row: Instance, rules: BillingRules) -> bool:
    """Does it pay for computing, or is it about to, as long as nobody ends that?"""
    if runs_on(row):
        return True
    there = row.observed not in (*GONE, Observed.NONE, Observed.TERMINATING)
    return rules.stop_saves_nothing and there and row.closed_at is None and row.desired is not Desired.TERMINATED


def to_deadline(row: Instance, hourly: Rates, now: datetime, since: datetime | None = None) -> Decimal | None:
    """What it will cost from `now` to its deadline if nothing changes; nothing where it is not charged for computing.

    `since`: when that charge began (`began_at`), which matters where time is charged in steps or up to a cap.
    """
    return _coming(row, hourly, now, since, row.expires_at)


def promised(row: Instance, hourly: Rates, now: datetime, since: datetime | None = None) -> Decimal | None:
    """What a budget has to set aside for it: what it costs until its deadline, or until something ends the cost thereafter.

    Where a stop saves nothing that is its termination. One that nobody has arranged for is taken to come with the end of the
    month, for that is what a budget is of.
    """
    until = row.expires_at
    if hourly.rules.stop_saves_nothing and not ends_with_deadline(row):
        until = max(until, month_of(now).until)
        if is_kept_for_a_while(row) and row.keep_stopped is not None:
            until = row.ends_at or max(now, row.expires_at) + row.keep_stopped
    return _coming(row, hourly, now, since, until)


def _coming(row: Instance, hourly: Rates, now: datetime, since: datetime | None, until: datetime) -> Decimal | None:
    if not is_charged(row, hourly.rules) or until <= now:
        return ZERO
    return hourly.to_come(min(since or now, now), now, until)


def ends_with_deadline(row: Instance) -> bool:
    """Is its machine gone once its deadline has been applied?"""
    if row.on_expiry is OnExpiry.TERMINATE:
        return True
    return (row.on_expiry is OnExpiry.SHELVE or row.to_shelve) and row.error_code != NOT_SHELVED


def is_kept_for_a_while(row: Instance) -> bool:
    """Is it terminated some time after its deadline has stopped it? What a person or an outside hand stopped is kept for good."""
    by_deadline = row.desired is Desired.RUNNING or row.why is Why.TTL
    return row.keep_stopped is not None and not row.protected and by_deadline


def goes_on_costing(row: Instance, rules: BillingRules) -> bool:
    """Does its cost go on past its deadline as if nothing had happened, until somebody terminates it?"""
    endless = rules.stop_saves_nothing and is_charged(row, rules) and not ends_with_deadline(row)
    return endless and not is_kept_for_a_while(row)


def bills_compute(row: Instance) -> bool:
    """Does it pay for computing now because it runs, or is it about to?"""
    if row.observed is Observed.STOPPED and row.interrupted_at is not None:
        return False  # it was taken back
    return row.observed in ALIVE or runs_on(row)


def rate_now(row: Instance, hourly: Rates) -> Decimal | None:
    """What an hour costs as it is: everything while it runs, what a stop leaves while it is stopped; and its snapshots beside."""
    machine: Decimal | None = ZERO
    if bills_compute(row) and not row.shelved:
        machine = hourly.running
    elif row.observed in (Observed.STOPPED, Observed.STOPPING):
        machine = hourly.stopped
    return None if machine is None or hourly.snapshot is None else machine + hourly.snapshot


def is_whole(row: Instance, hourly: Rates) -> bool:
    """Does `rate_now` hold everything that is paid for?"""
    if not bills_compute(row) and row.observed not in (Observed.STOPPED, Observed.STOPPING):
        return True
    if bills_compute(row) or hourly.rules.stop_saves_nothing:
        return hourly.whole
    return not hourly.more_disks and (hourly.rules.address is While.RUNNING or hourly.address is not None)
