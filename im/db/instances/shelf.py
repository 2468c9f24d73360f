"""Snapshots of instances: which are to be made, looked at, or deleted; claimed together with their instances, and written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Row,
    Text,
    and_,
    any_,
    case,
    cast,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert

from im.db.made_once import Moment
from im.db.mapping import COLUMNS, to_instance
from im.db.read.ledger import SNAPSHOT, to_snapshot
from im.db.schema.core import instances
from im.db.schema.snapshots import snapshots
from im.db.select import select_instances
from im.domain.instance import Instance
from im.domain.shelf.address import Address
from im.domain.shelf.snapshot import Made, Snapshot
from im.domain.shelf.table import OURS, ShelfStep, Standing, There, Want, all_standings, next_step
from im.domain.state import GONE, Desired, Observed, Shelf

t, s = instances.c, snapshots.c


def _code(at: Standing) -> str:
    return "/".join((at.want, at.there, at.made, *(str(int(one)) for one in (at.own, at.current, at.leaving))))


@cache
def _active() -> list[str]:
    """Every standing in which there is something to do. A spent snapshot is in none of them: it is always."""
    return [_code(at) for at in all_standings() if at.made is not Made.SPENT and next_step(at) is not ShelfStep.REST]


def _standing() -> ColumnElement[str]:
    """`im.domain.shelf.table.standing` in SQL, as `_code` writes it."""
    ended, none = t.desired == Desired.TERMINATED.value, t.observed == Observed.NONE.value
    want = case(
        (and_(ended, t.why.in_([one.value for one in OURS])), Want.END.value),
        (ended, Want.LOST.value),
        (t.desired == Desired.RUNNING.value, Want.RUN.value),
        (t.shelve_generation == t.generation, Want.SHELVE.value),
        else_=Want.STOP.value,
    )
    there = case(
        (or_(t.closed_at.is_not(None), t.observed.in_([one.value for one in GONE])), There.OVER.value),
        (and_(none, t.launch_token.is_not(None)), There.COMING.value),
        (none, There.NOTHING.value),
        (t.observed == Observed.RUNNING.value, There.RUNS.value),
        (_rests(), There.RESTS.value),
        else_=There.MOVES.value,
    )
    own = t.provider_id.is_not_distinct_from(s.machine)
    flags = [
        cast(cast(one, Integer), Text) for one in (own, s.generation == t.generation, t.shelf == Shelf.LEAVING.value)
    ]
    return func.concat_ws("/", want, there, s.made, *flags)


def _rests() -> ColumnElement[bool]:
    return and_(t.observed == Observed.STOPPED.value, t.settled_generation == t.generation, t.drift_since.is_(None))


def _open() -> ColumnElement[bool]:
    """There is something to do about this snapshot of this instance."""
    active = _standing() == any_(literal(_active(), ARRAY(Text)))
    return and_(s.made != Made.GONE.value, or_(s.made == Made.SPENT.value, active))


def _free(now: Moment) -> ColumnElement[bool]:
    return and_(
        or_(s.next_attempt_at.is_(None), s.next_attempt_at <= now), or_(s.lease_until.is_(None), s.lease_until <= now)
    )


NEW = and_(
    t.closed_at.is_(None),
    t.desired == Desired.STOPPED.value,
    t.shelve_generation == t.generation,
    t.shelf != Shelf.LEAVING.value,
    t.provider_id.is_not(None),
    _rests(),
    ~select(s.instance_id).where(s.instance_id == t.id, s.generation == t.generation).exists(),
)
"""It rests, and is to give way to a snapshot that nobody has written down yet."""
WORK = or_(NEW, select(s.instance_id).where(s.instance_id == t.id, s.made != Made.GONE.value).exists())
"""There may be something to do about snapshots of this instance."""


def waiting(connection: Connection, now: datetime, limit: int) -> list[str]:
    """Ids of instances about whose snapshots something is to be done."""
    new = select(t.id).where(NEW)
    due = select(t.id).join(snapshots, s.instance_id == t.id).where(_open(), _free(now))
    return list(connection.execute(new.union(due).limit(limit)).scalars())


def due(scope_id: ColumnElement[int], now: Moment) -> ColumnElement[bool]:
    """Is there anything to do about snapshots in this scope?"""
    new = select(t.id).where(t.scope_id == scope_id, NEW).exists()
    known = select(s.instance_id).join(instances, s.instance_id == t.id)
    return or_(new, known.where(s.scope_id == scope_id, _open(), _free(now)).exists())


def scopes_of(connection: Connection, ids: Sequence[str]) -> list[int]:
    """Where such instances live, of these."""
    return list(connection.execute(select(t.scope_id).where(WORK, t.id.in_(ids)).distinct()).scalars())


def claim(
    connection: Connection, scope_id: int, now: datetime, lease: timedelta, owner: str, limit: int
) -> list[tuple[Instance, Snapshot]]:
    """Snapshots of the scope about which something is to be done, with their instances, locked, and leased to `owner`."""
    new = select(t.id, t.generation, t.scope_id, t.provider_id, literal(Made.WANTED.value)).where(
        t.scope_id == scope_id, NEW
    )
    columns = ["instance_id", "generation", "scope_id", "machine", "made"]
    connection.execute(insert(snapshots).from_select(columns, new).on_conflict_do_nothing())
    query = (
        _both()
        .where(s.scope_id == scope_id, _open(), _free(now))
        .order_by(t.expires_at, t.id)
        .limit(limit)
        .with_for_update(of=[instances, snapshots], skip_locked=True)
    )
    found = [_pair(row) for row in connection.execute(query)]
    for _, one in found:
        connection.execute(
            update(snapshots).where(*_is(one)).values(lease_token=owner, lease_until=now + lease, next_attempt_at=None)
        )
    return found


def renew(connection: Connection, one: Snapshot, owner: str, until: datetime) -> bool:
    """Keep a lease that nobody has taken over; False when somebody has."""
    mine = update(snapshots).where(*_is(one), s.lease_token == owner).values(lease_until=until)
    return connection.execute(mine.returning(s.instance_id)).first() is not None


def know_address(connection: Connection, one: Snapshot, owner: str, address: Address) -> None:
    """That of the machine, which is to be kept; unless somebody has taken the lease over."""
    mine = update(snapshots).where(*_is(one), s.lease_token == owner)
    connection.execute(mine.values(address_id=address.id, address=address.ip))


def mine(connection: Connection, owner: str) -> dict[tuple[str, int], tuple[Instance, Snapshot]]:
    """What is still leased to `owner`, as it is now, locked: the instances first, as everybody locks them."""
    ids = connection.execute(select(s.instance_id).where(s.lease_token == owner)).scalars().all()
    connection.execute(select(t.id).where(t.id.in_(ids)).order_by(t.id).with_for_update())
    query = _both().where(s.lease_token == owner).with_for_update(of=snapshots)
    return {(one.instance_id, one.generation): (row, one) for row, one in map(_pair, connection.execute(query))}


def write(connection: Connection, one: Snapshot, **values: Any) -> None:
    """Columns of one (locked) snapshot."""
    connection.execute(update(snapshots).where(*_is(one)).values(**values))


def put(connection: Connection, instance_id: str, **values: Any) -> None:
    """Columns of its (locked) instance that are about its shelf or its trouble with it."""
    connection.execute(update(instances).where(t.id == instance_id).values(**values))


def spend_older(connection: Connection, kept: Snapshot) -> None:
    """A newer snapshot is what there is by now."""
    connection.execute(
        update(snapshots)
        .where(s.instance_id == kept.instance_id, s.generation < kept.generation, s.made == Made.KEPT.value)
        .values(made=Made.SPENT.value)
    )


def names_in_use(connection: Connection, scope_id: int) -> set[str]:
    """Names of the snapshots that im itself deletes when their time comes; the others are for people to decide about."""
    lost = and_(t.desired == Desired.TERMINATED.value, t.why.not_in([one.value for one in OURS]))
    query = (
        select(s.instance_id, s.generation)
        .join(instances, t.id == s.instance_id)
        .where(s.scope_id == scope_id, s.made != Made.GONE.value, ~lost)
    )
    return {Snapshot(i, generation, "", Made.WANTED).name for i, generation in connection.execute(query)}


def left_since(connection: Connection, scope_ids: Any, since: datetime, among: Sequence[str]) -> set[str]:
    """Those of these machines that have given way to a snapshot after `since`, too lately for a listing to contradict that."""
    query = select(s.machine).where(s.scope_id.in_(scope_ids), s.machine.in_(among), s.left_at > since)
    return set(connection.execute(query).scalars())


def _is(one: Snapshot) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return s.instance_id == one.instance_id, s.generation == one.generation


def _both() -> Any:
    whole = select_instances().add_columns(*(s[name].label(f"snapshot_{name}") for name in SNAPSHOT))
    return whole.join(snapshots, s.instance_id == t.id)


def _pair(row: Row[Any]) -> tuple[Instance, Snapshot]:
    width = len(COLUMNS) + 3
    return to_instance(row[:width]), to_snapshot(row[width:])
