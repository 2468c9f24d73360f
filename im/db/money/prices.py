"""Prices as they were fetched or stated, each with the moment from which it holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, select, tuple_
from sqlalchemy.dialects.postgresql import insert

from im.db.read import ledger
from im.db.schema.money import prices
from im.domain.money.bill import Item, Price

p = prices.c


def stale(connection: Connection, items: Sequence[Item], now: datetime, after: timedelta) -> list[Item]:
    """Those among `items` that were not asked for within `after`."""
    if not items:
        return []
    query = select(p.provider, p.region, p.item, p.market).where(_among(items), p.fetched_at > now - after)
    fresh = {Item(*row) for row in connection.execute(query)}
    return [item for item in items if item not in fresh]


def write(connection: Connection, found: Mapping[Item, Price], now: datetime) -> int:
    """Keep what was fetched; a price that did not change keeps its date. Returns how many did change."""
    known = ledger.prices(connection, found)
    changed = 0
    for item, price in sorted(found.items()):
        last = known[item][-1] if item in known else None
        if last is not None and last.usd == price.usd:
            since = last.since
        else:
            since, changed = price.since, changed + 1
        statement = insert(prices).values(
            provider=item.provider,
            region=item.region,
            item=item.name,
            market=item.market,
            since=since,
            usd=price.usd,
            source=price.source,
            fetched_at=now,
        )
        renewed = {"usd": statement.excluded.usd, "source": statement.excluded.source, "fetched_at": now}
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["provider", "region", "item", "market", "since"], set_=renewed
            )
        )
    return changed


def _among(items: Sequence[Item]) -> ColumnElement[bool]:
    return tuple_(p.provider, p.region, p.item, p.market).in_([(i.provider, i.region, i.name, i.market) for i in items])
