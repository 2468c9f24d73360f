"""Instances as people's requests touch them: insert, find, lock, write the new intent, and the one statement of what is due."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, and_, case, func, insert, literal, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.sql.dml import ReturningUpdate

from im.db.bulk import assignments, recordset
from im.db.made_once import Moment, made_once
from im.db.money import usage
from im.db.read import instances as read_instances
from im.db.schema.core import instances, scopes
from im.db.select import fetch_instances, select_instances
from im.domain.event import Channel
from im.domain.state import ALIVE, Desired, Observed, OnExpiry, Shelf, Why, meets

if TYPE_CHECKING:
    from im.domain.instance import Instance
    from im.domain.intent import Intent

t = instances.c

NO_MACHINE_COMING = and_(t.observed == Observed.NONE.value, t.launch_token.is_(None), t.provider_id.is_(None))


def settles(desired: ColumnElement[Any], observed: ColumnElement[Any]) -> ColumnElement[bool]:
    """`lifecycle.meets` in SQL, made from it: for rows whose machine has been seen."""
    met = [(d.value, o.value) for d in Desired for o in Observed if o is not Observed.NONE and meets(d, o)]
    return tuple_(desired, observed).in_(met)


def add(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert new instances. A taken name or machine ends the transaction with NameTaken or MachineTaken."""
    connection.execute(insert(instances), list(rows))
    usage.note_first_deadlines(connection, [row["id"] for row in rows])


def taken_names(connection: Connection, names: Sequence[str]) -> set[str]:
    return set(connection.execute(select(t.name).where(t.name.in_(names), t.closed_at.is_(None))).scalars())


def lock(connection: Connection, ids: Sequence[str]) -> list[Instance]:
    """The rows, locked in id order (so that two requests never wait for each other), returned in the order asked for."""
    query = select_instances().where(t.id.in_(ids)).order_by(t.id).with_for_update(of=instances)
    found = {row.id: row for row in fetch_instances(connection, query)}
    return [found[i] for i in ids if i in found]


def write_intents(connection: Connection, intents: Mapping[str, Intent], by: str, now: datetime) -> list[Instance]:
    """Give each (locked) row its new goal and deadline, and a new generation.

    A row that has no machine and none coming is settled on the spot by any goal but running: there is nothing to do.
    """
    names = ("id", "desired", "why", "expires_at", "shelves")
    rows = [
        {"id": i, "desired": x.desired.value, "why": x.why.value, "expires_at": x.expires_at, "shelves": x.shelve}
        for i, x in intents.items()
    ]
    v = recordset(instances, names, rows)
    connection.execute(
        update(instances)
        .where(t.id == v.c.id)
        .values(
            **assignments(v, ("why", "expires_at")),
            by=by,
            **_new_goal(v.c.desired, now, shelve=v.c.shelves) | {"ends_at": _second_deadline_after(v)},
        )
    )
    usage.note_deadlines(connection, list(intents), now)
    return read_instances.read(connection, list(intents))


def write_owner(connection: Connection, ids: Sequence[str], owner: str) -> list[Instance]:
    """The (locked) rows are somebody else's from now on; what is desired of them stays, and nothing has to be done for it."""
    connection.execute(update(instances).where(t.id.in_(ids)).values(owner=owner))
    return read_instances.read(connection, ids)


def _second_deadline_after(v: Any) -> ColumnElement[Any]:
    """A request that leaves a machine as its TTL left it leaves its second deadline too; any other clears it."""
    same = and_(
        t.desired == Desired.STOPPED.value,
        v.c.desired == Desired.STOPPED.value,
        v.c.why == Why.TTL.value,
        v.c.expires_at == t.expires_at,
    )
    return case((same, t.ends_at), else_=None)


def _new_goal(desired: ColumnElement[Any], now: Moment, shelve: ColumnElement[bool] | None = None) -> dict[str, Any]:
    """`shelve`: whether it is to give way to its snapshot once it is stopped."""
    # the end of what is shelved is the end of its snapshot
    no_snapshot = or_(desired != Desired.TERMINATED.value, t.shelf != Shelf.SHELVED.value)
    nothing_to_do = and_(NO_MACHINE_COMING, desired != Desired.RUNNING.value, no_snapshot)
    return {
        "desired": desired,
        "generation": t.generation + 1,
        "settled_generation": case((nothing_to_do, t.generation + 1), else_=t.settled_generation),
        "closed_at": case((and_(nothing_to_do, desired == Desired.TERMINATED.value), now), else_=t.closed_at),
        # why it never launched stays readable; anything else starts afresh
        "error_code": case((nothing_to_do, t.error_code), else_=None),
        "error": case((nothing_to_do, t.error), else_=None),
        "attempts": 0,
        "next_attempt_at": None,
        "drift_since": None,
        "ends_at": None,
        "shelve_generation": 0 if shelve is None else case((shelve, t.generation + 1), else_=0),
    }


def is_due(now: Moment) -> ColumnElement[bool]:
    """Past the deadline and meant to run, or seen running although it was meant to be stopped; where the clock is trusted.

    Where the deadline terminates or shelves, what was stopped before it came as well: it may cost as much as if it ran.
    """
    from im.db.holds import (  # a request holds whatever is held: nobody's deadline comes with it
        acts_here,
        trusted_clock,
    )

    alive = t.observed.in_([one.value for one in ALIVE])
    return and_(
        t.closed_at.is_(None),
        t.expires_at <= now,
        t.desired != Desired.TERMINATED.value,
        t.scope_id.in_(select(scopes.c.id).where(trusted_clock(), acts_here())),
        or_(
            t.desired == Desired.RUNNING.value,
            t.on_expiry == OnExpiry.TERMINATE.value,
            and_(t.shelves, t.shelve_generation != t.generation, t.observed == Observed.STOPPED.value),
            and_(t.settled_generation == t.generation, alive),
        ),
    )


def overdue(connection: Connection, before: datetime) -> bool:
    """Does any deadline from before that moment wait to be applied?"""
    query = select(t.id).where(is_due(before), t.desired == Desired.RUNNING.value).limit(1)
    return connection.execute(query).first() is not None


def expire(connection: Connection, now: datetime, limit: int) -> list[Instance]:
    """Turn what is due toward its `on_expiry`; returns the rows as they are afterwards."""
    return fetch_instances(connection, *_expire(now=now, limit=limit))


@made_once
def _expire(now: Moment, limit: int) -> ReturningUpdate[Any]:
    goal = case(
        (t.on_expiry == OnExpiry.TERMINATE.value, literal(Desired.TERMINATED.value)),
        else_=literal(Desired.STOPPED.value),
    )
    ttl = {"why": Why.TTL.value, "by": Channel.TTL.value}
    return _change(is_due(now), {**ttl, **_new_goal(goal, now, shelve=t.shelves)}, limit)


def _asleep_by_ttl(now: Moment) -> ColumnElement[bool]:
    """Seen stopped by its TTL, and to be kept so for a while only; where the clock is trusted."""
    from im.db.holds import acts_here, trusted_clock

    return and_(
        t.closed_at.is_(None),
        t.keep_stopped.is_not(None),
        t.desired == Desired.STOPPED.value,
        t.why == Why.TTL.value,
        t.observed == Observed.STOPPED.value,
        t.settled_generation == t.generation,
        t.expires_at <= now,
        t.scope_id.in_(select(scopes.c.id).where(trusted_clock(), acts_here())),
    )


def date_ends(connection: Connection, now: datetime, limit: int) -> list[Instance]:
    """Write the second deadline of what was seen stopped by its TTL since; returns the rows as they are afterwards."""
    return fetch_instances(connection, *_date_ends(now=now, limit=limit))


@made_once
def _date_ends(now: Moment, limit: int) -> ReturningUpdate[Any]:
    since = func.greatest(t.observed_at, t.expires_at)
    ends_at = since + func.make_interval(0, 0, 0, 0, 0, 0, t.keep_stopped)
    return _change(and_(_asleep_by_ttl(now), t.ends_at.is_(None)), {"ends_at": ends_at}, limit)


def end(connection: Connection, now: datetime, limit: int) -> list[Instance]:
    """Turn toward termination what its TTL stopped and whose second deadline has passed; never what is protected."""
    return fetch_instances(connection, *_end(now=now, limit=limit))


@made_once
def _end(now: Moment, limit: int) -> ReturningUpdate[Any]:
    over = and_(_asleep_by_ttl(now), t.ends_at <= now, ~t.protected)
    goal = _new_goal(literal(Desired.TERMINATED.value), now) | {"ends_at": t.ends_at}
    return _change(over, {"why": Why.TTL.value, "by": Channel.TTL.value, **goal}, limit)


def _change(due: ColumnElement[bool], values: Mapping[str, Any], limit: int) -> ReturningUpdate[Any]:
    """Write `values` on up to `limit` rows for which `due` holds; it returns them as they are afterwards.

    Each is locked first, in id order as everywhere. The lock waits for who is changing the row and asks `due` of what he left, so
    an extend committed a moment earlier is honoured. It is not asked once more in the UPDATE: Postgres would take its index for
    that as well, and where it expects one row to be due and finds thousands, compare each with each.
    """
    locked = select(t.id).where(due).order_by(t.id).limit(limit).with_for_update().cte("due")
    return (
        update(instances)
        .where(t.id == locked.c.id, t.scope_id == scopes.c.id)
        .values(**values)
        .returning(*select_instances().selected_columns)
    )


def deadlines_between(
    connection: Connection, after: datetime, until: datetime, per_second: int, ids: Sequence[str] = ()
) -> dict[datetime, tuple[str, str, int]]:
    """Per part of a second in (after, until] that has a deadline in it: the latest moment in it, the id and name that it is of,
    and how many. Only those of `ids`, when there are any."""
    part = func.floor(func.extract("epoch", t.expires_at) * per_second)
    latest = aggregate_order_by(t.id, t.expires_at.desc()), aggregate_order_by(t.name, t.expires_at.desc())
    query = (
        select(func.max(t.expires_at), func.array_agg(latest[0])[1], func.array_agg(latest[1])[1], func.count())
        .where(
            t.closed_at.is_(None),
            t.desired == Desired.RUNNING.value,
            t.expires_at > after,
            t.expires_at <= until,
        )
        .group_by(part)
    )
    if ids:
        query = query.where(t.id.in_(ids))
    return {at: (instance_id, name, count) for at, instance_id, name, count in connection.execute(query)}
