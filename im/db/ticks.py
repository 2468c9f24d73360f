"""Slots of time, claimed once each by the database's clock, so that 0, 1 or 2 beats lead to the same end."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import ARRAY, Connection, bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from im.db.schema.work import ticks

if TYPE_CHECKING:
    from sqlalchemy.sql.dml import ReturningInsert

_KEEP = 100


def claim(connection: Connection, name: str, every: float, now: datetime) -> bool:
    """True for the one caller who gets the current slot of `every` seconds of the tick `name`."""
    return bool(claim_after(connection, {name: every}, now))


def claim_each(connection: Connection, every: Mapping[str, float], now: datetime) -> set[str]:
    """The same for several ticks by one statement: the names of those whose current slot the caller gets."""
    return set(claim_after(connection, every, now))


def claim_after(connection: Connection, every: Mapping[str, float], now: datetime) -> dict[str, timedelta | None]:
    """The same, with how long ago the slot before was claimed; None for the first of all."""
    slots = {name: int(now.timestamp() // seconds) for name, seconds in every.items()}
    given = {"names": sorted(slots), "slots": [slots[name] for name in sorted(slots)], "now": now}
    claimed = {name: None if at is None else now - at for name, at in connection.execute(_claim(), given)}
    for name in claimed:
        if slots[name] % _KEEP == 0:
            connection.execute(delete(ticks).where(ticks.c.name == name, ticks.c.slot < slots[name] - _KEEP))
    return claimed


@cache
def _claim() -> ReturningInsert[Any]:
    """Made once, and for any number of ticks: an INSERT with a list of VALUES is compiled anew each time it is run."""
    wanted = select(
        func.unnest(bindparam("names", type_=ARRAY(ticks.c.name.type))),
        func.unnest(bindparam("slots", type_=ARRAY(ticks.c.slot.type))),
        bindparam("now", type_=ticks.c.claimed_at.type),
    )
    before = ticks.alias("before")
    earlier = before.c.name == ticks.c.name, before.c.slot < ticks.c.slot
    last = select(before.c.claimed_at).where(*earlier).order_by(before.c.slot.desc()).limit(1).scalar_subquery()
    new = insert(ticks).from_select(["name", "slot", "claimed_at"], wanted)
    return new.on_conflict_do_nothing().returning(ticks.c.name, last)


def give_back(connection: Connection, name: str, claimed_at: datetime) -> None:
    """Whoever claimed a slot at that moment could do nothing with it: another may have it."""
    connection.execute(delete(ticks).where(ticks.c.name == name, ticks.c.claimed_at == claimed_at))


def claimed(connection: Connection, name: str, within: float, now: datetime) -> bool:
    """Was a slot of the tick `name` claimed in the last `within` seconds?"""
    query = select(func.max(ticks.c.claimed_at)).where(ticks.c.name == name)
    last: datetime | None = connection.execute(query).scalar_one()
    return last is not None and now - last < timedelta(seconds=within)


def ages(connection: Connection, now: datetime) -> dict[str, timedelta]:
    """How long ago a slot of each tick was last claimed."""
    query = select(ticks.c.name, func.max(ticks.c.claimed_at)).group_by(ticks.c.name)
    return {name: now - at for name, at in connection.execute(query)}
