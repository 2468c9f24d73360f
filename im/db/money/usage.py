"""Running time and deadlines, as rows that follow the instances: written in the transaction that changes an instance.

`follow` compares an instance with its last interval and writes what is missing, so calling it twice writes nothing twice, and a
writer of facts that forgot to call it is made up for by the next `follow_all`: the dates come from the cloud, not from the call.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import starmap
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Text,
    and_,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import distinct_on, insert

from im.db.bulk import recordset
from im.db.read.ledger import INTERVAL, to_interval
from im.db.schema.core import instances, scopes
from im.db.schema.times import deadlines, usage
from im.domain.cause import Hand
from im.domain.money.usage import Kind, Seen, UsageInterval, follow_disk, follow_run
from im.domain.state import GONE, Observed

if TYPE_CHECKING:
    from im.domain.sighting import Sighting

t, u = instances.c, usage.c
_INTERVALS = select(*(u[name] for name in INTERVAL))
_KEY = ("instance_id", "kind", "number")
_DEADLINE = ("instance_id", "since", "number", "expires_at")


def follow(connection: Connection, ids: Sequence[str], sightings: Mapping[str, Sighting] | None = None) -> None:
    """Bring the intervals of these instances up to their rows. `sightings` (by instance id) add what rows do not keep."""
    if ids:
        _follow(connection, t.id.in_(ids), sightings or {}, wait=True)


def follow_all(connection: Connection, limit: int) -> int:
    """The same for instances whose intervals disagree with their rows, at most `limit`; returns how many there were."""
    return _follow(connection, _disagrees(), {}, wait=False, limit=limit)


def _follow(
    connection: Connection,
    which: ColumnElement[bool],
    sightings: Mapping[str, Sighting],
    *,
    wait: bool,
    limit: int | None = None,
) -> int:
    query = (
        select(t.id, t.created_at, t.observed, t.observed_at, t.launched_at, t.public_ip, scopes.c.refreshed_at)
        .join(scopes, scopes.c.id == t.scope_id)
        .where(t.provider_id.is_not(None), which)
        .order_by(t.id)
        .limit(limit)
        .with_for_update(of=instances, skip_locked=not wait)
    )
    rows = connection.execute(query).all()
    if not rows:
        return 0
    last = _last(connection, [row.id for row in rows])
    changed: list[UsageInterval] = []
    for row in rows:
        seen = _seen(row, sightings.get(row.id))
        changed += follow_run(last.get((row.id, Kind.RUN)), seen)
        changed += follow_disk(last.get((row.id, Kind.DISK)), seen)
    _write(connection, changed)
    return len({s.instance_id for s in changed})


def _seen(row: Row[*tuple[Any, ...]], sighting: Sighting | None) -> Seen:
    same = sighting is not None and sighting.state.value == row.observed
    return Seen(
        row.id,
        row.created_at,
        Observed(row.observed),
        row.observed_at,
        row.launched_at,
        last_look=row.refreshed_at,
        changed_at=sighting.changed_at if sighting and same else None,
        was_pending=bool(sighting and same and sighting.was is Observed.PENDING),
        could_not_run=bool(sighting and same and sighting.cause.hand is Hand.CLOUD),
        address=row.public_ip is not None,
        disk_gb=sighting.disk_gb if sighting else None,
        disk_type=sighting.disk_type if sighting else None,
    )


def vouch(connection: Connection, scope_id: int, zone: str | None, absent: Sequence[str]) -> None:
    """After a complete look at a scope, or one zone of it: nobody vouches any more for the machines that it did not show.

    What goes on at one of these is sure until the complete look before this one; at all others it is sure again. One that is known
    as an orphan is shown by a look at it alone.
    """
    from im.db.schema.work import orphans  # who asks for a machine has no use for what workers alone write

    here = (t.scope_id == scope_id, *([t.zone == zone] if zone is not None else []))
    listed = select(orphans.c.provider_id).where(orphans.c.scope_id == scope_id, orphans.c.closed_at.is_(None))
    lost = and_(t.provider_id.in_(absent), t.provider_id.not_in(listed))
    changed = or_(and_(lost, u.sure_until.is_(None)), and_(~lost, u.sure_until.is_not(None)))
    open_ones = select(t.id, lost).join(usage, u.instance_id == t.id).where(*here, u.ended_at.is_(None), changed)
    found = connection.execute(open_ones.order_by(t.id).with_for_update(of=instances, skip_locked=True)).all()
    going_on = update(usage).where(u.ended_at.is_(None))
    if back := {one for one, is_lost in found if not is_lost}:
        connection.execute(going_on.where(u.instance_id.in_(back)).values(sure_until=None))
    if gone := {one for one, is_lost in found if is_lost}:
        last = select(scopes.c.refreshed_at).where(scopes.c.id == scope_id).scalar_subquery()
        sure = func.greatest(u.began_at, last)
        connection.execute(going_on.where(u.instance_id.in_(gone), u.sure_until.is_(None)).values(sure_until=sure))


def has_disk_of_unknown_size() -> ColumnElement[bool]:
    return exists().where(u.instance_id == t.id, u.kind == Kind.DISK.value, u.disk_gb.is_(None))


def learn_disks(connection: Connection, scope_id: int, sightings: Sequence[Sighting]) -> int:
    """Write the sizes that these sightings tell of disks that have none yet; returns how many that were."""
    v = recordset(
        usage,
        ("disk_gb", "disk_type"),
        [
            {"provider_id": one.provider_id, "disk_gb": one.disk_gb, "disk_type": one.disk_type}
            for one in sightings
            if one.disk_gb is not None
        ],
        {"provider_id": Text()},
    )
    lacking = (u.kind == Kind.DISK.value, u.disk_gb.is_(None))
    machine = (u.instance_id == t.id, t.scope_id == scope_id, t.provider_id == v.c.provider_id)
    sized = update(usage).where(*lacking, *machine).values(disk_gb=v.c.disk_gb, disk_type=v.c.disk_type)
    return connection.execute(sized).rowcount


def _disagrees() -> ColumnElement[bool]:
    """Runs without an open run, has one without running, was started since, or has a disk too many or too few."""
    mine = u.instance_id == t.id
    run_open = exists().where(mine, u.kind == Kind.RUN.value, u.ended_at.is_(None))
    since = exists().where(mine, u.kind == Kind.RUN.value, u.began_at >= t.launched_at)
    disk = exists().where(mine, u.kind == Kind.DISK.value)
    disk_open = exists().where(mine, u.kind == Kind.DISK.value, u.ended_at.is_(None))
    going_on = exists().where(mine, u.ended_at.is_(None))
    running = t.observed.in_((Observed.RUNNING.value, Observed.HALTED.value))
    gone = t.observed.in_([o.value for o in GONE])
    differs = or_(
        and_(running, ~run_open),
        and_(~running, run_open),
        and_(running, t.launched_at.is_not(None), ~since),
        and_(~gone, ~disk),
        and_(gone, disk_open),
    )
    # what is closed and has nothing open is history, of which there may be much
    return and_(or_(t.closed_at.is_(None), going_on), differs)


def _last(connection: Connection, ids: Sequence[str]) -> dict[tuple[str, Kind], UsageInterval]:
    query = (
        _INTERVALS.ext(distinct_on(u.instance_id, u.kind))
        .where(u.instance_id.in_(ids))
        .order_by(u.instance_id, u.kind, u.number.desc())
    )
    return {(s.instance_id, s.kind): s for s in starmap(to_interval, connection.execute(query))}


def _write(connection: Connection, changed: Sequence[UsageInterval]) -> None:
    if not changed:
        return
    # one statement whatever their number; later ones win, as if written one after the other
    rows = {(s.instance_id, s.kind, s.number): {name: getattr(s, name) for name in INTERVAL} for s in changed}
    v = recordset(usage, INTERVAL, list(rows.values()))
    statement = insert(usage).from_select(INTERVAL, select(*(v.c[name] for name in INTERVAL)))
    fresh = {name: statement.excluded[name] for name in INTERVAL if name not in _KEY}
    connection.execute(statement.on_conflict_do_update(index_elements=list(_KEY), set_=fresh))


# ---- deadlines -------------------------------------------------------------------------------------------------------


def note_deadlines(connection: Connection, ids: Sequence[str], now: datetime) -> None:
    """Remember, for each of these instances whose deadline is not the one last remembered, which holds from `now` on."""
    d = deadlines.c
    latest = (
        select(d.number, d.expires_at).where(d.instance_id == t.id).order_by(d.number.desc()).limit(1).lateral("latest")
    )
    moved = (
        select(t.id, cast(now, d.since.type), func.coalesce(latest.c.number, 0) + 1, t.expires_at)
        .outerjoin(latest, true())
        .where(t.id.in_(ids), latest.c.expires_at.is_distinct_from(t.expires_at))
    )
    connection.execute(insert(deadlines).from_select(_DEADLINE, moved))


def note_first_deadlines(connection: Connection, ids: Sequence[str]) -> None:
    """The same of instances that were just made, which have had no other: theirs hold from their making on."""
    first = select(t.id, t.created_at, literal(1), t.expires_at).where(t.id.in_(ids))
    connection.execute(insert(deadlines).from_select(_DEADLINE, first))
