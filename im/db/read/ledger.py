"""What bills are made of: running time, deadlines that held, and prices. SQL by the driver alone; see `im.db.read.connection`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from itertools import starmap
from typing import TYPE_CHECKING, Any

from im.db.read.connection import ReadTransaction, ask
from im.domain.money.bill import Deadline, Item, Price
from im.domain.money.usage import Kind, UsageInterval
from im.domain.shelf.snapshot import Made, Snapshot
from im.frozen import maker

if TYPE_CHECKING:
    from sqlalchemy import Connection

INTERVAL = tuple(f.name for f in fields(UsageInterval))
"""Columns of `usage`, in the order in which `to_interval` takes them."""


_interval = maker(UsageInterval)
_KIND = {one.value: one for one in Kind}


def to_interval(instance_id: str, kind: str, *rest: Any) -> UsageInterval:
    """From the values of a row of INTERVAL."""
    return _interval(instance_id, _KIND[kind], *rest)


def intervals(
    connection: Connection | ReadTransaction, ids: Sequence[str] | None = None, *, since: datetime | None = None
) -> dict[str, list[UsageInterval]]:
    """By instance, oldest first; only those that reach beyond `since` when it is given."""
    rows = ask(
        connection,
        f"SELECT {', '.join(INTERVAL)} FROM usage"  # noqa: S608 - our own names of columns
        " WHERE (%(ids)s::text[] IS NULL OR instance_id = ANY(%(ids)s::text[]))"
        " AND (%(since)s::timestamptz IS NULL OR ended_at IS NULL OR ended_at > %(since)s::timestamptz)"
        " ORDER BY instance_id, began_at",
        ids=None if ids is None else list(ids),
        since=since,
    )
    found: dict[str, list[UsageInterval]] = {}
    for one in starmap(to_interval, rows):
        found.setdefault(one.instance_id, []).append(one)
    return found


def deadlines(connection: Connection | ReadTransaction, ids: Sequence[str]) -> dict[str, list[Deadline]]:
    """Every deadline that ever held, by instance, oldest first."""
    rows = ask(
        connection,
        "SELECT instance_id, since, expires_at FROM deadlines WHERE instance_id = ANY(%(ids)s::text[])"
        " ORDER BY instance_id, number",
        ids=list(ids),
    )
    found: dict[str, list[Deadline]] = {}
    for instance_id, since, expires_at in rows:
        found.setdefault(instance_id, []).append(Deadline(since, expires_at))
    return found


@dataclass(frozen=True, slots=True)
class Past:
    """What happened to instances that costs money: by instance, oldest first, and without those of which there is nothing."""

    intervals: Mapping[str, Sequence[UsageInterval]]
    deadlines: Mapping[str, Sequence[Deadline]]
    """Every one that ever held. Empty as long as none has passed, so that nothing can have run past one."""
    snapshots: Mapping[str, Sequence[Snapshot]]


_WANTED = "ANY((SELECT ids FROM wanted)::text[])"


def past(connection: Connection | ReadTransaction, ids: Sequence[str], now: datetime) -> Past:
    """In one statement, of most: what few have had is asked for only where somebody had it.

    The ids stand in it once: Postgres weighs each of a list that it plans with, which took twice as long as finding the rows.
    """
    rows = ask(
        connection,
        f"WITH wanted AS MATERIALIZED (SELECT %(ids)s::text[] AS ids)"  # noqa: S608 - our own names
        f" SELECT had.deadline, had.snapshot, {', '.join(f'u.{name}' for name in INTERVAL)} FROM (SELECT"
        f" EXISTS (SELECT FROM deadlines WHERE instance_id = {_WANTED} AND expires_at < %(now)s) AS deadline,"
        f" EXISTS (SELECT FROM snapshots WHERE instance_id = {_WANTED}) AS snapshot) AS had"
        f" LEFT JOIN usage u ON u.instance_id = {_WANTED} ORDER BY u.instance_id, u.began_at",
        ids=list(ids),
        now=now,
    )
    found: dict[str, list[UsageInterval]] = {}
    for _, _, instance_id, *row in rows:
        if instance_id is not None:
            found.setdefault(instance_id, []).append(to_interval(instance_id, *row))
    late, shelved = rows[0][:2]
    return Past(found, deadlines(connection, ids) if late else {}, snapshots(connection, ids) if shelved else {})


SNAPSHOT = (
    *("instance_id", "generation", "machine", "made", "provider_id", "gb", "asked_at", "began_at", "gone_at"),
    *("tries", "attempts", "left_at", "address_id", "address", "address_gone_at"),
)
"""Columns of `snapshots`, in the order in which `to_snapshot` takes them."""


def to_snapshot(row: Sequence[Any]) -> Snapshot:
    instance_id, generation, machine, made, *rest = row
    return Snapshot(instance_id, generation, machine, Made(made), *rest)


def snapshots(connection: Connection | ReadTransaction, ids: Sequence[str]) -> dict[str, list[Snapshot]]:
    """Every snapshot that there ever was, by instance, oldest first."""
    rows = ask(
        connection,
        f"SELECT {', '.join(SNAPSHOT)} FROM snapshots WHERE instance_id = ANY(%(ids)s::text[])"  # noqa: S608 - our own
        " ORDER BY instance_id, generation",
        ids=list(ids),
    )
    found: dict[str, list[Snapshot]] = {}
    for one in map(to_snapshot, rows):
        found.setdefault(one.instance_id, []).append(one)
    return found


def prices(connection: Connection | ReadTransaction, items: Iterable[Item]) -> dict[Item, list[Price]]:
    """What is kept of the prices of `items`, oldest first; absent where nothing is."""
    wanted = {(one.provider, one.zone or one.region, one.name, one.market): one for one in items}
    if not wanted:
        return {}
    rows = ask(
        connection,
        "SELECT p.provider, p.region, p.item, p.market, p.usd, p.since, p.source FROM prices p"
        " JOIN unnest(%(providers)s::text[], %(regions)s::text[], %(names)s::text[], %(markets)s::text[])"
        " AS wanted (provider, region, item, market) USING (provider, region, item, market) ORDER BY p.since",
        providers=[provider for provider, _, _, _ in wanted],
        regions=[place for _, place, _, _ in wanted],
        names=[name for _, _, name, _ in wanted],
        markets=[market for _, _, _, market in wanted],
    )
    found: dict[Item, list[Price]] = {}
    for *key, usd, since, source in rows:
        found.setdefault(wanted[*key], []).append(Price(usd, since, source))
    return found
