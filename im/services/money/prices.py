"""Prices are fetched: what is in use and was not asked for lately, from each cloud's own price list, into Postgres."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

from im.db.money import prices as kept
from im.db.money import usage
from im.db.people import audit
from im.db.read import instances, ledger
from im.domain.access import Actor, Verb
from im.domain.errors import ImError
from im.domain.money.bill import STATED, Item, Known, Price, price_at
from im.domain.money.zones import held
from im.domain.scope import Scope
from im.domain.spec.spec import ON_DEMAND, SPOTS, WINDOWS, WINDOWS_SPOT
from im.domain.spec.spot import SPOT
from im.logs import log
from im.providers import registry
from im.providers.errors import ProviderError
from im.queue.tasks import Task
from im.scope_threads import lane_of
from im.services import access
from im.services.money.costs import items_of, price_book
from im.services.money.rules import priced_in

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from im.context import Context
    from im.domain.instance import Instance
    from im.domain.money.usage import UsageInterval
    from im.settings import Settings

KEEP = timedelta(hours=24)
"""How long a fetched price is believed before it is asked again; list prices change a few times a year."""
KEEP_SPOT = timedelta(minutes=50)
LATE = timedelta(days=1)
"""For how long after a spot machine's end its last prices are asked for."""
REACH = timedelta(days=90)
"""How far back a cloud tells the prices that each zone had."""
PRICES_EVERY = 3600.0
USAGE_EVERY = 120.0
"""Seconds between two looks for running time that some writer of facts forgot to note."""
_BATCH, _MOST = 500, 40
"""Rows in one transaction, and transactions in one look: a deadline must not wait for the locks of ten thousand rows."""


def ring_for_prices(ctx: Context) -> None:
    ctx.queue.ring(Task.PRICES)


def note_forgotten_usage(ctx: Context) -> None:
    """In short transactions, so many at most; the rest is noted the next time."""
    for _ in range(_MOST):
        with ctx.begin() as connection:
            if usage.follow_all(connection, _BATCH) < _BATCH:
                break


def refresh_prices(ctx: Context, asked: Sequence[str] = ()) -> str:
    """Fetch the prices of everything that lives, and of what was `asked` for, where they are missing or were not asked lately."""
    with ctx.begin() as connection:
        now = ctx.clock(connection)
        rows = instances.listed(connection, everything=False, owner=None) + _ended_untold(connection, now)
        intervals = ledger.intervals(connection, [row.id for row in rows])
        priced = [(row, _priced(row, intervals.get(row.id, ()))) for row in rows]
        wanted = [(row.scope, {item for item in items if not item.zone}) for row, items in priced]
        lists = _by_list([*wanted, *_read(ctx, asked)])
        stale = {scope: _stale(connection, sorted(items), now) for scope, items in lists.items()}
        since = {scope: _since(connection, priced, scope, items, now) for scope, items in stale.items()}
    works = {
        lane_of("prices", scope): partial(_fetch, ctx, scope, items, since[scope])
        for scope, items in stale.items()
        if items
    }
    return "; ".join(ctx.lanes.run(works).values()) or "nothing to ask: every price in use is known and fresh"


def _ended_untold(connection: Connection, now: datetime) -> list[Instance]:
    """Spot machines that ended after their price was told for the last time: it may have changed before their end."""
    ended = [row for row in instances.since(connection, now - LATE) if row.closed_at and row.provider_id]
    items = {row.id: _priced(row, ()) for row in ended}
    heard = kept.heard(connection, {one for some in items.values() for one in some if not one.zone})
    return [
        row
        for row in ended
        if row.closed_at
        and any(heard.get(one, row.created_at) < row.closed_at for one in items[row.id] if not one.zone)
    ]


def _priced(row: Instance, intervals: Sequence[UsageInterval]) -> list[Item]:
    """What has a price on it; of what has ended only what the zones priced, for a list price is asked for while it lives."""
    return [one for one in items_of(row, intervals) if row.closed_at is None or one.market in SPOTS]


def _since(
    connection: Connection,
    priced: Sequence[tuple[Instance, Sequence[Item]]],
    scope: Scope,
    stale: Sequence[Item],
    now: datetime,
) -> datetime | None:
    """From when on `scope`'s list is to tell the `stale` prices, by the machines that are billed by them."""
    account, wanted = (scope.provider, scope.account), set(stale)
    mine = [(row, items) for row, items in priced if (row.scope.provider, row.scope.account) == account]
    zones = [(row, one) for row, items in mine for one in items if one.zone and replace(one, zone="") in wanted]
    told = ledger.prices(connection, {one for _, one in zones})
    return min((untold_since(row, told.get(one, ()), now) for row, one in zones), default=None)


def untold_since(row: Instance, kept: Sequence[Price], now: datetime) -> datetime:
    """From when on its zone's prices are to be asked for: from the last date that is kept, unless they begin after it did."""
    far = now - REACH
    born = max(min(row.created_at, row.launched_at or row.created_at), far)
    dates = [price.since for price in kept if not price.stated]
    return max(dates[-1], far) if dates and dates[0] <= born else born


def _by_list(wanted: Sequence[tuple[Scope, set[Item]]]) -> Mapping[Scope, set[Item]]:
    """One scope per cloud and account is enough: a price list speaks for every region."""
    first: dict[tuple[str, str], Scope] = {}
    found: dict[Scope, set[Item]] = {}
    for scope, items in wanted:
        found.setdefault(first.setdefault((scope.provider, scope.account), scope), set()).update(items)
    return found


_LONGEST = 64
"""Characters of an id in a message; what does not fit is not asked for."""


def questions(account: str, items: Sequence[Item]) -> list[str]:
    """What a message says to have the prices of `items` fetched: a hint to look, as every message is."""
    written = ["/".join((one.provider, account, one.region, one.market, one.name)) for one in items]
    return [one for one in written if len(one) <= _LONGEST]


def _read(ctx: Context, asked: Sequence[str]) -> list[tuple[Scope, set[Item]]]:
    """What `questions` wrote; what it cannot have written, and what this worker knows nothing of, is passed over."""
    found = []
    for one in asked:
        words = one.split("/", 4)
        if len(words) != 5:
            continue
        provider, account, region, market, name = words
        try:
            ctx.settings.place_of(registry.profile(provider).name, account)
        except ImError:
            continue
        found.append((Scope(provider, account, region), {Item(provider, region, name, market)}))
    return found


def _stale(connection: Connection, items: Sequence[Item], now: datetime) -> list[Item]:
    """Spot prices move within hours, list prices a few times a year."""
    spot = [item for item in items if item.market in SPOTS]
    listed = [item for item in items if item.market not in SPOTS]
    return [
        *kept.stale(connection, listed, now, KEEP),
        *kept.stale(connection, spot, now, KEEP_SPOT),
    ]


def ask(settings: Settings, scope: Scope, items: Sequence[Item]) -> Mapping[Item, Sequence[Price]]:
    """What the cloud tells now, by this process's own credentials; nothing where it has none. Nothing is written."""
    if not registry.capabilities(scope.provider).real:
        return {}
    try:
        listed = registry.connect(scope.provider, settings, "im-rehearsal", scope.account).prices
        return listed.fetch(scope, items) if listed is not None else {}
    except (ImError, ProviderError):
        return {}


def _fetch(ctx: Context, scope: Scope, items: list[Item], since: datetime | None) -> str:
    try:
        listed = ctx.provider_for(scope).prices
        found = listed.fetch(scope, items, since) if listed is not None else {}
    except ProviderError as exc:
        told = log.info if ctx.settings.sandbox else log.warning  # the sandbox has no price list
        told("prices cannot be fetched; those known before hold", scope=str(scope), code=exc.code)
        return f"{scope.provider}: no prices ({exc.code}), those known before hold"
    with ctx.begin() as connection:
        changed = kept.write(connection, found, ctx.clock(connection))
    return f"{scope.provider}: {len(found.keys() & set(items))} of {len(items)} prices told, {changed} new"


# ---- for people ------------------------------------------------------------------------------------------------------


def known(ctx: Context, items: Sequence[Item] | None) -> list[Known]:
    """The prices of `items` (as people write them), or of everything that lives."""
    with ctx.begin() as connection:
        now = ctx.clock(connection)
        if items is not None:
            items = [meant(item) for item in items]
        else:
            rows = instances.listed(connection, everything=False, owner=None)
            intervals = ledger.intervals(connection, [row.id for row in rows])
            items = sorted({item for row in rows for item in items_of(row, intervals.get(row.id, ()))})
        book = price_book(connection, items)
    # a zone that has no price of its own has its region's
    shown = [item for item in items if not item.zone or item in book]
    return [Known(_written(item), price_at(held(item, book), now)) for item in shown]


def meant(item: Item) -> Item:
    """`windows:t3.large` is t3.large with the licence of Windows."""
    market, colon, name = item.name.partition(":")
    if not colon or market != WINDOWS:
        return item
    return replace(item, name=name, market=WINDOWS_SPOT if item.market in SPOTS else WINDOWS)


def _written(item: Item) -> Item:
    return replace(item, name=f"{WINDOWS}:{item.name}") if item.market in (WINDOWS, WINDOWS_SPOT) else item


def named(ctx: Context, names: Sequence[str], provider: str | None, region: str | None) -> list[Known]:
    """As `known`, of what is typed: the region is the usual one of its cloud. Raises Refused for a cloud there is not."""
    cloud, where = _place(ctx, provider, region)
    return known(ctx, [Item(cloud, where, name) for name in names] or None)


def state_named(
    ctx: Context, name: str, usd: Decimal, provider: str | None, region: str | None, *, spot: bool, actor: Actor
) -> str:
    """As `state`, of what is typed; returns the region for which it holds."""
    access.ask(actor, Verb.SET_PRICE)
    cloud, where = _place(ctx, provider, region)
    state(ctx, Item(cloud, where, name, SPOT if spot else ON_DEMAND), usd, actor=actor)
    return where


def _place(ctx: Context, provider: str | None, region: str | None) -> tuple[str, str]:
    cloud, account = ctx.settings.place_of(provider, None)
    return cloud, region or priced_in(Scope(cloud, account, ctx.settings.region_of(account, cloud)))


def state(ctx: Context, item: Item, usd: Decimal, *, actor: Actor) -> None:
    """Somebody says what it costs, from now on."""
    access.ask(actor, Verb.SET_PRICE)
    with ctx.begin() as connection:
        now = ctx.clock(connection)
        price = Price(usd, now, f"{STATED}{actor.name} on {now:%Y-%m-%d}")
        kept.write(connection, {meant(item): [price]}, now)
        audit.record(connection, actor, "price stated", f"{item.provider} {item.region} {item.name}", f"{usd} USD", now)
