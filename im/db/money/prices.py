"""Prices as they were fetched or stated, each with the moment from which it holds.

`region` names the zone where a zone has a price of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert

from im.db.read import ledger
from im.db.schema.spending import prices
from im.domain.money.bill import STATED, Item, Price, in_force

p = prices.c


def stale(connection: Connection, items: Sequence[Item], now: datetime, after: timedelta) -> list[Item]:
    """Those among `items` that were not asked for within `after`."""
    if not items:
        return []
    query = select(p.provider, p.region, p.item, p.market).where(_among(items), p.fetched_at > now - after)
    fresh = {tuple(row) for row in connection.execute(query)}
    return [item for item in items if _key(item) not in fresh]


def heard(connection: Connection, items: Collection[Item]) -> dict[Item, datetime]:
    """When each of `items` was last told by its cloud; absent where it never was."""
    if not items:
        return {}
    told = ~p.source.startswith(STATED, autoescape=True)
    key = (p.provider, p.region, p.item, p.market)
    query = select(*key, func.max(p.fetched_at)).where(_among(items), told).group_by(*key)
    last = {tuple(names): at for *names, at in connection.execute(query)}
    return {item: last[_key(item)] for item in items if _key(item) in last}


def write(connection: Connection, found: Mapping[Item, Sequence[Price]], now: datetime) -> int:
    """Keep what was fetched or stated; returns how many were not known so.

    A fetched price that repeats the fetched one before it keeps the date of that. So a list that goes on telling the same does
    not overrule what a person stated since: only its next change does.
    """
    known = ledger.prices(connection, found)
    changed = 0
    for item in sorted(found):
        kept = [price for price in known.get(item, ()) if not price.stated]
        told = found[item]
        for price in told:
            before = None if price.stated else in_force(kept, price.since)
            if before is None or before.usd != price.usd:
                changed += 1
                _put(connection, item, price, now)
                kept = sorted([*kept, price], key=lambda one: one.since)
            elif price is told[-1]:
                _put(connection, item, replace(price, since=before.since), now)
    return changed


def _put(connection: Connection, item: Item, price: Price, now: datetime) -> None:
    provider, region, name, market = _key(item)
    values = {"usd": price.usd, "source": price.source, "fetched_at": now}
    key = {"provider": provider, "region": region, "item": name, "market": market, "since": price.since}
    statement = insert(prices).values(**key, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=values))


def _among(items: Collection[Item]) -> ColumnElement[bool]:
    return tuple_(p.provider, p.region, p.item, p.market).in_([_key(item) for item in items])


def _key(item: Item) -> tuple[str, str, str, str]:
    return item.provider, item.zone or item.region, item.name, item.market
