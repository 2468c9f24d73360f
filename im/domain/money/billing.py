"""The ledger: what a machine cost. Intervals, prices and its cloud's rules in, a bill out.

A disk is charged by its size for as long as the machine exists, running or stopped; computing and a public IPv4 address while the
machine runs or while it is there, as the rules of its cloud say.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from im.domain.money.amount import ZERO
from im.domain.money.bill import (
    IPV4,
    VOLUMES,
    Bill,
    Deadline,
    PriceBook,
    Window,
    charge,
    disk_item,
    has_more_disks,
    label_of,
    monthly_item,
    sum_bills,
)
from im.domain.money.charges import Tariff, charged
from im.domain.money.kept_address import kept_spans, since_of
from im.domain.money.rules import PER_SECOND, BillingRules, While
from im.domain.money.shelf import bill_of
from im.domain.money.usage import Kind, UsageInterval
from im.domain.money.zones import prices_of

if TYPE_CHECKING:
    from im.domain.instance import Instance
    from im.domain.shelf.snapshot import Snapshot


def bill(
    row: Instance,
    intervals: Sequence[UsageInterval],
    deadlines: Sequence[Deadline],
    book: PriceBook,
    window: Window,
    now: datetime,
    rules: BillingRules = PER_SECOND,
    snapshots: Sequence[Snapshot] = (),
) -> Bill:
    """What `row` cost within `window`. What still goes on counts until `now`."""
    account = _Account(row, intervals, deadlines, book, window, now, rules, snapshots)
    bills = account.bills()
    if not snapshots:  # of most machines there is none
        return sum_bills(bills)
    return sum_bills([*bills, bill_of(row.scope, row.spec, snapshots, book, window, now, rules)])


class _Account:
    """One machine within one window."""

    def __init__(
        self,
        row: Instance,
        intervals: Sequence[UsageInterval],
        deadlines: Sequence[Deadline],
        book: PriceBook,
        window: Window,
        now: datetime,
        rules: BillingRules,
        snapshots: Sequence[Snapshot],
    ) -> None:
        self.snapshots = snapshots
        self.row, self.book, self.window, self.now, self.rules = row, book, window, now, rules
        self.deadlines = deadlines
        self.runs = sorted((s for s in intervals if s.kind is Kind.RUN), key=lambda s: s.began_at)
        self.lives = sorted((s for s in intervals if s.kind is Kind.DISK), key=lambda s: s.began_at)

    def bills(self) -> Iterator[Bill]:
        charges = (self.rules.computing, self.rules.address)
        for run in self.runs:
            yield self._ran(run)
            if While.RUNNING in charges:
                yield self._lent(run, While.RUNNING)
        for life in self.lives:
            if While.THERE in charges:
                yield self._lent(life, While.THERE)
            yield self._disk(life)
        for kept in kept_spans(self.lives, self.snapshots, self.now):
            yield self._address(kept.since, kept.began_at, kept.ended_at)

    def _lent(self, interval: UsageInterval, time: While) -> Bill:
        """What is charged for as long as it runs, or for as long as it is there: `interval` is such a time."""
        rules, ended_at = self.rules, self._end(interval)
        low, high = self.window.cut(interval.began_at, max(ended_at, interval.began_at + rules.least))
        if high <= low or interval.never_ran:
            return Bill()
        compute, doubt, missing = ZERO, timedelta(0), set[str]()
        if rules.computing is time:
            usd = charged(rules, self._tariff(self.row.spec.instance_type), interval.began_at, ended_at, self.window)
            compute, doubt = usd or ZERO, self._doubt(interval)
            missing |= {label_of(self.row.spec)} if usd is None else set()
        lent = Bill(compute=compute, doubt=doubt, unknown=frozenset(missing))
        if rules.address is time and self._has_address(interval):
            lent += self._address(self._address_since(interval), interval.began_at, ended_at)
        return lent

    def _address(self, since: datetime, began_at: datetime, ended_at: datetime) -> Bill:
        """What an address costs from `began_at` on, that there is `since` then."""
        part = Window(max(self.window.since, began_at), self.window.until)
        usd = charged(self.rules, self._tariff(IPV4), since, ended_at, part) if part.until > part.since else ZERO
        return Bill(address=usd or ZERO, unknown=frozenset({IPV4} if usd is None else ()))

    def _address_since(self, interval: UsageInterval) -> datetime:
        """The beginning of what it is charged by, which may be that of a life before."""
        if interval.kind is not Kind.DISK:
            return interval.began_at
        return since_of(self.lives, self.lives.index(interval), self.snapshots)

    def _ran(self, run: UsageInterval) -> Bill:
        """How long it ran, and what it ran past its deadline."""
        low, high = self.window.cut(run.began_at, self._end(run))
        over = [self.window.cut(*span) for span in overruns(run.began_at, self._end(run), self.deadlines)]
        usd = sum((self._cost_of(run, Window(*span)) for span in over), ZERO)
        return Bill(
            overrun_usd=usd,
            running=high - low,
            overrun=sum((b - a for a, b in over), timedelta(0)),
        )

    def _cost_of(self, run: UsageInterval, part: Window) -> Decimal:
        """What was charged for a part of a run, as far as it is known."""
        rules, total = self.rules, ZERO
        things = [(self.row.spec.instance_type, rules.computing)]
        if run.address:
            things.append((IPV4, rules.address))
        for name, time in things:
            basis = run if time is While.RUNNING else self._life_of(run)
            total += charged(rules, self._tariff(name), basis.began_at, self._end(basis), part) or ZERO
        return total

    def _life_of(self, run: UsageInterval) -> UsageInterval:
        """That of the machine that ran."""
        return next((one for one in reversed(self.lives) if one.began_at <= run.began_at), run)

    def _disk(self, life: UsageInterval) -> Bill:
        low, high = self.window.cut(life.began_at, self._end(life))
        if high <= low:
            return Bill()
        running, awake = timedelta(0), ZERO
        prices = (
            prices_of(self.row.scope, self.row.spec, disk_item(life.disk_type), self.book) if life.disk_type else ()
        )
        gigabytes = Decimal(life.disk_gb or 0) / self.rules.hours_in_month
        whole = ZERO if life.disk_gb == 0 else charge(prices, low, high) if life.disk_gb is not None else None
        for run in self.runs:
            a, b = max(low, run.began_at), min(high, run.ended_at or high)
            if b > a:
                running += b - a
                awake += (charge(prices, a, b) or ZERO) * gigabytes
        beside = frozenset({VOLUMES} if has_more_disks(self.row.spec, life.disk_type) else ())
        if whole is None:
            return Bill(stopped=high - low - running, unknown=beside | {"disk"})
        stopped = (whole * gigabytes - awake) * self.rules.disk_stopped
        return Bill(disk_running=awake, disk_stopped=stopped, stopped=high - low - running, unknown=beside)

    def _doubt(self, interval: UsageInterval) -> timedelta:
        if interval.sure_until is None:
            return timedelta(0)
        low, high = self.window.cut(interval.sure_until, self._end(interval))
        return high - low

    def _has_address(self, interval: UsageInterval) -> bool:
        """One that is charged while the machine is there was there from its beginning on."""
        return interval.address or (interval.kind is Kind.DISK and any(run.address for run in self.runs))

    def _tariff(self, name: str) -> Tariff:
        scope, spec = self.row.scope, self.row.spec
        caps = prices_of(scope, spec, monthly_item(name), self.book) if self.rules.monthly_cap else ()
        return Tariff(prices_of(scope, spec, name, self.book, self.row.zone), caps)

    def _end(self, interval: UsageInterval) -> datetime:
        return interval.ended_at or max(self.now, interval.began_at)


def overruns(began_at: datetime, ended_at: datetime, deadlines: Sequence[Deadline]) -> list[tuple[datetime, datetime]]:
    """The parts of a run that lie past the deadline that held then."""
    parts = []
    for i, deadline in enumerate(deadlines):
        until = deadlines[i + 1].since if i + 1 < len(deadlines) else ended_at
        low, high = max(began_at, deadline.expires_at), min(ended_at, until)
        if high > low:
            parts.append((low, high))
    return parts
