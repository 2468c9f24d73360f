"""The ledger: what a machine cost. Intervals, prices and its cloud's rules in, a bill out.

A disk is charged by its size for as long as the machine exists, running or stopped; computing and a public IPv4 address while the
machine runs or while it is there, as the rules of its cloud say.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from operator import attrgetter
from typing import TYPE_CHECKING

from im.domain.money.amount import ZERO
from im.domain.money.bill import IPV4, Bill, Deadline, PriceBook, Window, charge
from im.domain.money.charges import charged
from im.domain.money.kept_address import kept_spans, since_of
from im.domain.money.price_list import PriceList
from im.domain.money.rules import PER_SECOND, BillingRules, While
from im.domain.money.shelf import bill_of
from im.domain.money.usage import Kind, UsageInterval
from im.frozen import maker

if TYPE_CHECKING:
    from im.domain.instance import Instance
    from im.domain.shelf.snapshot import Snapshot

_bill = maker(Bill)
_BEGAN_AT = attrgetter("began_at")
_NOTHING = timedelta(0)


def bill(
    row: Instance,
    intervals: Sequence[UsageInterval],
    deadlines: Sequence[Deadline],
    book: PriceBook,
    window: Window,
    now: datetime,
    rules: BillingRules = PER_SECOND,
    snapshots: Sequence[Snapshot] = (),
    prices: PriceList | None = None,
) -> Bill:
    """What `row` cost within `window`. What still goes on counts until `now`.

    `prices`: those of its kind, where somebody has looked them up in `book` already.
    """
    known = prices or PriceList(row.scope, row.spec, row.zone, book, rules)
    told = _Account(intervals, deadlines, known, window, now, snapshots).bill()
    # of most machines there is none
    return told + bill_of(row.scope, row.spec, snapshots, book, window, now, rules) if snapshots else told


class _Account:
    """One machine within one window: sums that are added to, and made a bill of at the end."""

    compute = address = disk_running = disk_stopped = overrun_usd = ZERO
    running = stopped = overrun = doubt = _NOTHING
    unknown: frozenset[str] = frozenset()

    def __init__(
        self,
        intervals: Sequence[UsageInterval],
        deadlines: Sequence[Deadline],
        prices: PriceList,
        window: Window,
        now: datetime,
        snapshots: Sequence[Snapshot],
    ) -> None:
        self.snapshots, self.deadlines = snapshots, deadlines
        self.prices, self.rules, self.window, self.now = prices, prices.rules, window, now
        self.runs, self.lives = _of(Kind.RUN, intervals), _of(Kind.DISK, intervals)

    def bill(self) -> Bill:
        charges = (self.rules.computing, self.rules.address)
        running, there = While.RUNNING in charges, While.THERE in charges
        for run in self.runs:
            ended_at = self._end(run)
            self._ran(run, ended_at)
            if running:
                self._lent(run, ended_at, While.RUNNING)
        for life in self.lives:
            ended_at = self._end(life)
            if there:
                self._lent(life, ended_at, While.THERE)
            self._disk(life, ended_at)
        if self.snapshots:
            for kept in kept_spans(self.lives, self.snapshots, self.now):
                self._address(kept.since, kept.began_at, kept.ended_at)
        return _bill(
            self.compute,
            self.address,
            self.disk_running,
            self.disk_stopped,
            self.overrun_usd,
            self.running,
            self.stopped,
            self.overrun,
            self.doubt,
            self.unknown,
            ZERO,
        )

    def _lent(self, interval: UsageInterval, ended_at: datetime, time: While) -> None:
        """What is charged for as long as it runs, or for as long as it is there: `interval` is such a time."""
        rules = self.rules
        low, high = self.window.cut(interval.began_at, max(ended_at, interval.began_at + rules.least))
        if high <= low or (interval.ended_at is not None and interval.never_ran):
            return
        if rules.computing is time:
            tariff = self.prices.compute
            if rules.by_the_hour_alone:
                usd = charge(tariff.hourly, low, high)
            else:
                usd = charged(rules, tariff, interval.began_at, ended_at, self.window)
            if usd is None:
                self.unknown |= {self.prices.label}
            else:
                self.compute += usd
            if interval.sure_until is not None:
                self._doubt(interval.sure_until, ended_at)
        if rules.address is time and self._has_address(interval):
            self._address(self._address_since(interval), interval.began_at, ended_at)

    def _address(self, since: datetime, began_at: datetime, ended_at: datetime) -> None:
        """What an address costs from `began_at` on, that there is `since` then."""
        part = Window(max(self.window.since, began_at), self.window.until)
        usd = charged(self.rules, self.prices.address, since, ended_at, part) if part.until > part.since else ZERO
        if usd is None:
            self.unknown |= {IPV4}
        else:
            self.address += usd

    def _address_since(self, interval: UsageInterval) -> datetime:
        """The beginning of what it is charged by, which may be that of a life before."""
        if interval.kind is not Kind.DISK:
            return interval.began_at
        return since_of(self.lives, self.lives.index(interval), self.snapshots)

    def _ran(self, run: UsageInterval, ended_at: datetime) -> None:
        """How long it ran, and what it ran past its deadline."""
        low, high = self.window.cut(run.began_at, ended_at)
        self.running += high - low
        if not self.deadlines:
            return
        for span in overruns(run.began_at, ended_at, self.deadlines):
            part = Window(*self.window.cut(*span))
            self.overrun += part.until - part.since
            self.overrun_usd += self._cost_of(run, part)

    def _cost_of(self, run: UsageInterval, part: Window) -> Decimal:
        """What was charged for a part of a run, as far as it is known."""
        rules, total = self.rules, ZERO
        things = [(self.prices.compute, rules.computing)]
        if run.address:
            things.append((self.prices.address, rules.address))
        for tariff, time in things:
            basis = run if time is While.RUNNING else self._life_of(run)
            total += charged(rules, tariff, basis.began_at, self._end(basis), part) or ZERO
        return total

    def _life_of(self, run: UsageInterval) -> UsageInterval:
        """That of the machine that ran."""
        return next((one for one in reversed(self.lives) if one.began_at <= run.began_at), run)

    def _disk(self, life: UsageInterval, ended_at: datetime) -> None:
        low, high = self.window.cut(life.began_at, ended_at)
        if high <= low:
            return
        running, awake = _NOTHING, ZERO
        prices = self.prices.disk(life.disk_type) if life.disk_type else ()
        gigabytes = Decimal(life.disk_gb or 0) / self.rules.hours_in_month
        whole = ZERO if life.disk_gb == 0 else charge(prices, low, high) if life.disk_gb is not None else None
        for run in self.runs:
            a, b = max(low, run.began_at), min(high, run.ended_at or high)
            if b > a:
                running += b - a
                # most run for as long as their disk is there
                usd = whole if whole is not None and a == low and b == high else charge(prices, a, b) or ZERO
                awake += usd * gigabytes
        self.stopped += high - low - running
        self.unknown |= self.prices.beside(life.disk_type)
        if whole is None:
            self.unknown |= {"disk"}
        else:
            self.disk_running += awake
            self.disk_stopped += (whole * gigabytes - awake) * self.rules.disk_stopped

    def _doubt(self, sure_until: datetime, ended_at: datetime) -> None:
        low, high = self.window.cut(sure_until, ended_at)
        self.doubt += high - low

    def _has_address(self, interval: UsageInterval) -> bool:
        """One that is charged while the machine is there was there from its beginning on."""
        return interval.address or (interval.kind is Kind.DISK and any(run.address for run in self.runs))

    def _end(self, interval: UsageInterval) -> datetime:
        return interval.ended_at or max(self.now, interval.began_at)


def _of(kind: Kind, intervals: Sequence[UsageInterval]) -> list[UsageInterval]:
    """Oldest first. Most machines have one of each kind."""
    found = [one for one in intervals if one.kind is kind]
    if len(found) > 1:
        found.sort(key=_BEGAN_AT)
    return found


def overruns(began_at: datetime, ended_at: datetime, deadlines: Sequence[Deadline]) -> list[tuple[datetime, datetime]]:
    """The parts of a run that lie past the deadline that held then."""
    parts = []
    for i, deadline in enumerate(deadlines):
        until = deadlines[i + 1].since if i + 1 < len(deadlines) else ended_at
        low, high = max(began_at, deadline.expires_at), min(ended_at, until)
        if high > low:
            parts.append((low, high))
    return parts
