"""The read side of money: what instances cost, will cost and would save. Postgres and the built-in tables only, never a cloud."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING

from im.db.read.ledger import Past, past
from im.db.read.ledger import prices as prices_of
from im.domain.errors import Refused
from im.domain.money.amount import ZERO
from im.domain.money.bill import (
    IPV4,
    Bill,
    Deadline,
    Item,
    Price,
    Window,
    disk_item,
    for_span,
    is_compute,
    monthly_item,
    price_at,
    summed,
)
from im.domain.money.billing import bill
from im.domain.money.charges import month_of
from im.domain.money.cost import Cost
from im.domain.money.forecast import (
    UNKNOWN_PARTS,
    Parts,
    Rates,
    began_at,
    bills_compute,
    is_whole,
    parts_of,
    promised,
    rate_now,
    rates,
    to_deadline,
    types_of,
)
from im.domain.money.kept_address import is_kept
from im.domain.money.price_list import PriceList, kind_of
from im.domain.money.rules import BillingRules
from im.domain.money.shelf import rate_of
from im.domain.money.usage import Kind, UsageInterval
from im.domain.money.zones import places_of
from im.domain.money.zones import prices_of as prices_in
from im.domain.shelf.snapshot import SNAPSHOT, Snapshot
from im.domain.spec.spec import ON_DEMAND, Spec
from im.domain.state import Shelf
from im.frozen import maker
from im.providers import registry
from im.providers.prices import built_in
from im.services.money.rules import priced_in, rules_of, rules_of_cloud

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from im.context import Context
    from im.db.read.connection import ReadTransaction
    from im.domain.instance import Instance
    from im.domain.scope import Scope

_cost = maker(Cost)
LONG_AGO = timedelta(days=3650)


@dataclass(frozen=True, slots=True)
class _Kind:
    """Machines that have all prices in common."""

    book: Mapping[Item, Sequence[Price]]
    rules: BillingRules
    prices: PriceList
    rates: dict[tuple[Parts, bool], Rates] = field(default_factory=dict)
    """By what they have beside computing, and whether they are launched."""


@dataclass(frozen=True)
class Ledger:
    """Everything that bills of `rows` are made from."""

    rows: tuple[Instance, ...]
    intervals: Mapping[str, Sequence[UsageInterval]]
    deadlines: Mapping[str, Sequence[Deadline]]
    book: Mapping[Item, Sequence[Price]]
    now: datetime
    snapshots: Mapping[str, Sequence[Snapshot]] = field(default_factory=dict)
    _kinds: dict[Hashable, tuple[Instance, _Kind]] = field(init=False, default_factory=dict, repr=False, compare=False)
    """What was looked up so far: of a thousand machines a few kinds. With a row that is kept, so that no other comes to its id."""

    @cached_property
    def _so_far(self) -> Window:
        return Window(self.now - LONG_AGO, self.now)

    def bill(self, row: Instance, window: Window | None = None) -> Bill:
        return self._bill(row, self._kind(row), window or self._so_far)

    def _bill(self, row: Instance, kind: _Kind, window: Window) -> Bill:
        return bill(
            row,
            self.intervals.get(row.id, ()),
            self.deadlines.get(row.id, ()),
            kind.book,
            window,
            self.now,
            kind.rules,
            self.snapshots.get(row.id, ()),
            kind.prices,
        )

    def _kind(self, row: Instance) -> _Kind:
        if row.terms.prices:
            return self._looked_up(row.id, row)[1]
        shared = id(row.spec), id(row.scope), row.zone  # quickly compared, and most rows have them with others
        if (found := self._kinds.get(shared)) is None:
            found = self._kinds[shared] = row, self._looked_up(kind_of(row.scope, row.spec, row.zone), row)[1]
        return found[1]

    def _looked_up(self, key: Hashable, row: Instance) -> tuple[Instance, _Kind]:
        if (found := self._kinds.get(key)) is None:
            book, rules = self._book(row), rules_of(row.scope)
            found = self._kinds[key] = row, _Kind(book, rules, PriceList(row.scope, row.spec, row.zone, book, rules))
        return found

    def existed(self, row: Instance, part: Window) -> bool:
        """Is there anything of it to bill in `part`? A little more, for what is billed at least."""
        tail = rules_of(row.scope).tail
        spans = [(s.began_at, s.ended_at) for s in self.intervals.get(row.id, ())]
        spans += [(s.began_at, s.gone_at) for s in self.snapshots.get(row.id, ()) if s.began_at is not None]
        return any(began_at < part.until and (ended_at or self.now) + tail > part.since for began_at, ended_at in spans)

    def rates(self, row: Instance) -> Rates:
        return self._rates(row, self._kind(row))

    def _rates(self, row: Instance, kind: _Kind) -> Rates:
        intervals = self.intervals.get(row.id, ())
        parts, launched = parts_of(row, intervals, expected(row, intervals)), row.provider_id is not None
        if (found := kind.rates.get((parts, launched))) is None:
            zone = row.zone if launched else ""  # until then a wish
            found = rates(
                row.scope, row.spec, parts, kind.book, self.now, launched=launched, zone=zone, rules=kind.rules
            )
            kind.rates[parts, launched] = found
        return replace(found, snapshot=self._on_shelf(row)) if self.snapshots.get(row.id) else found

    def _book(self, row: Instance) -> Mapping[Item, Sequence[Price]]:
        """Before all prices of its type, what its cloud says that this machine alone costs."""
        own = row.terms.prices
        if not own:
            return self.book
        source, where = f"its own price, as {row.scope.provider} shows it", priced_in(row.scope)
        items = {
            Item(row.scope.provider, where, name, row.spec.market if is_compute(name) else ON_DEMAND): usd
            for name, usd in own.items()
        }
        return ChainMap({item: (Price(usd, row.created_at, source),) for item, usd in items.items()}, dict(self.book))

    def _on_shelf(self, row: Instance) -> Decimal | None:
        """USD an hour of its snapshots, and of the address that is kept for it; None where a price is not known."""
        pictures, rules = self.snapshots.get(row.id, ()), rules_of(row.scope)
        usd = rate_of(row.scope, row.spec, pictures, self.book, self.now, rules)
        if usd is None or not row.shelved or not any(map(is_kept, pictures)):
            return usd
        address = price_at(prices_in(row.scope, row.spec, IPV4, self.book, rules, row.zone), self.now)
        return None if address is None else usd + address.usd

    def to_deadline(self, row: Instance) -> Decimal | None:
        """What it costs from now to its deadline; None where its price is not known."""
        return to_deadline(row, self.rates(row), self.now, self._charged_since(row))

    def promised(self, row: Instance) -> Decimal | None:
        """What a budget sets aside for it; None where its price is not known. What is shelved is kept to the month's end."""
        hourly = self.rates(row)
        machine = promised(row, hourly, self.now, self._charged_since(row))
        if machine is None or hourly.snapshot is None:
            return None
        coming = Window(self.now, month_of(self.now).until)
        pictures = self.snapshots.get(row.id, ())
        usd = rate_of(row.scope, row.spec, pictures, self.book, self.now, rules_of(row.scope)) or ZERO
        # an address is charged in steps and up to a cap
        address = replace(self, now=coming.until).bill(row, coming).address if row.shelved else ZERO
        return machine + for_span(usd, coming.until - coming.since) + address

    def _charged_since(self, row: Instance) -> datetime | None:
        return began_at(self.intervals.get(row.id, ()), rules_of(row.scope))

    def cost(self, row: Instance) -> Cost:
        kind = self._kind(row)
        hourly = self._rates(row, kind)
        since = began_at(self.intervals.get(row.id, ()), kind.rules)
        coming = to_deadline(row, hourly, self.now, since)
        at_most = hourly.at_most and bills_compute(row)
        spent = self._bill(row, kind, self._so_far)
        return _cost(spent, hourly, rate_now(row, hourly), coming, is_whole(row, hourly), at_most, since)


def ledger(connection: Connection | ReadTransaction, rows: Sequence[Instance], now: datetime) -> Ledger:
    """Read what is needed to bill `rows`, within the caller's transaction."""
    found = past(connection, [row.id for row in rows], now)
    book = price_book(connection, _items(rows, found))
    return Ledger(tuple(rows), found.intervals, found.deadlines, book, now, found.snapshots)


def _items(rows: Sequence[Instance], found: Past) -> set[Item]:
    """All that has a price on it; what of one kind was seen with the same disk is looked up once."""
    items: set[Item] = set()
    known: set[Hashable] = set()
    for row in rows:
        intervals, pictures = found.intervals.get(row.id, ()), found.snapshots.get(row.id, ())
        disks = tuple([one.disk_type for one in intervals if one.kind is Kind.DISK])
        if disks and not pictures:  # else it is expected to have what its own wish says
            shared = id(row.spec), id(row.scope), row.zone, disks
            key = (*shared, row.provider_id is not None, row.shelves, row.to_shelve, row.shelf)
            if key in known:
                continue
            known.add(key)
        items.update(items_of(row, intervals, pictures))
    return items


def price_book(connection: Connection | ReadTransaction, items: Iterable[Item]) -> dict[Item, Sequence[Price]]:
    """Kept prices, and the built-in one where none is kept; an item that nobody knows is absent."""
    wanted = set(items)
    made = {item: parts for item in wanted if (parts := _made_of(item))}
    wanted |= {part for parts in made.values() for part in parts}
    book: dict[Item, Sequence[Price]] = dict(prices_of(connection, wanted))
    for item in wanted:
        if item not in book and (price := built_in(item)) is not None:
            book[item] = (price,)
    return book | {item: sums for item, parts in made.items() if item not in book and (sums := summed(parts, book))}


def _made_of(item: Item) -> dict[Item, Decimal]:
    """What an hour of a type is made of, where its cloud's types are sums."""
    rules = rules_of_cloud(item.provider)
    if rules.made_of is None or item.zone:
        return {}
    return {replace(item, name=name): number for name, number in rules.made_of(item.name).items()}


def costs(ctx: Context, rows: Sequence[Instance], now: datetime | None = None) -> dict[str, Cost]:
    """By instance id, for what a table shows; as of `now`, of the moment of asking without one."""
    if not rows:
        return {}
    with ctx.looking() as connection:
        found = ledger(connection, rows, ctx.clock(connection) if now is None else now)
    return {row.id: found.cost(row) for row in rows}


def expected(row: Instance, intervals: Sequence[UsageInterval]) -> Parts:
    """What it is going to have beside its computing; asked of its cloud only while nothing of it was seen."""
    seen = [one for one in intervals if one.kind is Kind.DISK]
    return UNKNOWN_PARTS if seen else expected_of(row.scope, row.spec)


def expected_of(scope: Scope, spec: Spec) -> Parts:
    """The same for a wish that has no row yet."""
    try:
        return registry.expects(scope.provider)(spec)
    except Refused:  # a row of a neighbouring version, of a cloud that this one does not have
        return UNKNOWN_PARTS


def items_of(row: Instance, intervals: Sequence[UsageInterval], snapshots: Sequence[Snapshot] = ()) -> Iterable[Item]:
    """Everything that has a price on it, or will have if it is shelved."""
    if snapshots or row.shelves or row.to_shelve or row.shelf is not Shelf.NONE:
        yield Item(row.scope.provider, priced_in(row.scope), disk_item(SNAPSHOT))
    disk_type = expected(row, intervals).disk_type
    launched = row.provider_id is not None
    for item in priced(row.scope, row.spec, disk_type, launched=launched):
        yield from places_of(item, row.zone if launched else "")
    for interval in intervals:
        if interval.disk_type:
            yield Item(row.scope.provider, priced_in(row.scope), disk_item(interval.disk_type))


def priced(scope: Scope, spec: Spec, disk_type: str | None, *, launched: bool = False) -> Iterable[Item]:
    """What a wish has a price on."""
    rules = rules_of(scope)
    capped, where = rules.monthly_cap, rules.priced_in(scope)
    for instance_type in types_of(spec, launched=launched):
        yield Item(scope.provider, where, instance_type, spec.market)
        if capped:
            yield Item(scope.provider, where, monthly_item(instance_type))
    yield Item(scope.provider, where, IPV4)
    if capped:
        yield Item(scope.provider, where, monthly_item(IPV4))
    if disk_type:
        yield Item(scope.provider, where, disk_item(disk_type))
