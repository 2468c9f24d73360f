"""Spot machines in their rows: the request behind each, whether the cloud took it back, and what is still to be done afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import BindParameter, Boolean, ColumnElement, Connection, Select, and_, case, func, or_, select, update

from im.db.bulk import recordset
from im.db.made_once import Moment, made_once
from im.db.mapping import from_on_expiry
from im.db.schema.core import instances
from im.db.select import fetch_instances, select_instances
from im.domain.event import Channel
from im.domain.state import GONE, Desired, Observed, Why

if TYPE_CHECKING:
    from im.domain.instance import Instance
    from im.domain.sighting import Sighting

t = instances.c

_RESTS = frozenset({Observed.STOPPED, *GONE})


def learn(connection: Connection, seen: Mapping[str, Sighting], now: datetime) -> list[str]:
    """Write what full sightings (by row id) tell of spot machines, in the transaction that writes the sightings themselves;
    returns the ids of these rows.

    What the cloud took back was nobody's outside hand.
    """
    rows = [
        {
            "id": i,
            "spot_request": s.spot_request,
            "taken": s.interrupted and s.state in _RESTS,
            "rests": s.state in _RESTS,
        }
        for i, s in seen.items()
        if s.spot_request
    ]
    if not rows:
        return []
    v = recordset(instances, ("id", "spot_request"), rows, {"taken": Boolean(), "rests": Boolean()})
    connection.execute(
        update(instances)
        .where(t.id == v.c.id)
        .values(
            spot_request=v.c.spot_request,
            interrupted_at=case(
                (v.c.taken, func.coalesce(t.interrupted_at, now)), (v.c.rests, None), else_=t.interrupted_at
            ),
            why=case((and_(v.c.taken, t.why == Why.OUTSIDE.value), Why.SPOT.value), else_=t.why),
        )
    )
    return [i for i, s in seen.items() if s.spot_request]


# ---- requests that are to bring nothing more -------------------------------------------------------------------------


OPEN = and_(t.closed_at.is_not(None), t.spot_request.is_not(None), ~t.spot_over)
"""The machine is gone, and its request may bring another one yet."""


def open_requests(now: Moment) -> ColumnElement[bool]:
    return and_(OPEN, or_(t.spot_try_at.is_(None), t.spot_try_at <= now))


def waiting(connection: Connection, now: datetime, limit: int) -> list[str]:
    return list(connection.execute(*_waiting(now=now, limit=limit)).scalars())


@made_once
def _waiting(now: Moment, limit: int) -> Select[Any]:
    return select(t.id).where(open_requests(now)).order_by(t.id).limit(limit)


def scopes_of(connection: Connection, now: datetime, ids: Sequence[str]) -> list[int]:
    return list(connection.execute(select(t.scope_id).where(open_requests(now), t.id.in_(ids)).distinct()).scalars())


def claim(connection: Connection, scope_id: int, now: datetime, lease: timedelta, limit: int) -> list[Instance]:
    """Rows whose requests are to be ended; nobody else takes them up before the lease has passed."""
    query = select_instances().where(t.scope_id == scope_id, open_requests(now)).order_by(t.id).limit(limit)
    rows = fetch_instances(connection, query.with_for_update(skip_locked=True, of=instances))
    delay(connection, [row.id for row in rows], now + lease)
    return rows


def delay(connection: Connection, ids: Sequence[str], until: datetime) -> None:
    if ids:
        connection.execute(update(instances).where(t.id.in_(ids)).values(spot_try_at=until))


def pull_forward(connection: Connection, scope_id: int, now: datetime) -> list[str]:
    """Make due what waits for its next attempt; a request that is being ended at this moment may be ended twice."""
    late = update(instances).where(OPEN, t.scope_id == scope_id, t.spot_try_at > now)
    return list(connection.execute(late.values(spot_try_at=None).returning(t.id)).scalars())


def finish(connection: Connection, ids: Sequence[str]) -> None:
    """Cancelled, and nothing came of them that is not ours by now."""
    if ids:
        connection.execute(update(instances).where(t.id.in_(ids)).values(spot_over=True, spot_try_at=None))


# ---- machines to be made in place of those that were taken back ------------------------------------------------------

RECENT = timedelta(minutes=10)
"""What was seen to end longer ago is history: a policy that is changed today does not bring it back."""


def is_lost(scope_id: int | BindParameter[Any], now: Moment) -> ColumnElement[bool]:
    """For a statement over instances."""
    return and_(
        t.scope_id == scope_id,
        t.closed_at > now - RECENT,
        t.interrupted_at.is_not(None),
        t.why == Why.SPOT.value,
        t.observed == Observed.TERMINATED.value,
        t.replaced_by.is_(None),
        t.expires_at > now,
    )


def lost(connection: Connection, scope_id: int, now: datetime, limit: int) -> list[Instance]:
    """What the cloud took back for good, though people wanted it and there is time left; locked."""
    query = (
        select_instances()
        .where(is_lost(scope_id, now))
        .order_by(t.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=instances)
    )
    return fetch_instances(connection, query)


def note_replaced(connection: Connection, instance_id: str, by: str) -> None:
    """`by`: the id of the new instance, or why there is none."""
    connection.execute(update(instances).where(t.id == instance_id).values(replaced_by=by))


def successor(connection: Connection, row: Instance, instance_id: str, token: str, now: datetime) -> dict[str, Any]:
    """The row of a machine that is to be what `row` was, until the same deadline."""
    query = select(t.scope_id, t.keep_stopped).where(t.id == row.id)
    old = connection.execute(query).one()
    return {
        "id": instance_id,
        "name": row.name,
        "owner": row.owner,
        "scope_id": old.scope_id,
        "created_at": now,
        "desired": Desired.RUNNING.value,
        "why": Why.USER.value,
        "by": Channel.POLICY.value,
        "expires_at": row.expires_at,
        **from_on_expiry(row.on_expiry),
        "keep_stopped": old.keep_stopped,
        "generation": 1,
        "observed": Observed.NONE.value,
        "observed_at": now,
        "launch_token": token,
    }
