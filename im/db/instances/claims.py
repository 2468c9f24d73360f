"""Claim and apply: a worker owns rows by a lease token for the length of one step, and its result counts only while it does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    Select,
    Text,
    and_,
    case,
    cast,
    func,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB

from im.db.bulk import recordset
from im.db.instances import facts
from im.db.instances.requests import settles
from im.db.made_once import Moment, made_once
from im.db.schema.core import instances
from im.db.select import fetch_instances, select_instances
from im.domain.fall import Fall
from im.domain.instance import Instance
from im.domain.lifecycle import Step, pairs
from im.domain.sighting import Sighting
from im.domain.state import GONE, Desired, Shelf, Why

t = instances.c

UNSETTLED = and_(t.closed_at.is_(None), t.settled_generation < t.generation, t.failed_generation < t.generation)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one step brought for one instance. `seen` is None when nothing new is known of the machine."""

    id: str
    generation: int
    """The generation that the step served; a failure is one of this generation only."""
    seen: Sighting | None = None
    observed_at: datetime | None = None
    error_code: str | None = None
    error: str | None = None
    next_attempt_at: datetime | None = None
    failed: bool = False
    fall: Fall | None = None
    """What was seen is that an earlier step, which the cloud had accepted, came to nothing."""
    why: Why = Why.OUTSIDE
    """Whose doing it was, should the machine turn out to be gone though nobody asked for that."""
    sure: bool = True
    """The cloud answered definitely; nothing of this step can still take effect unseen."""


def is_due(now: Moment) -> ColumnElement[bool]:
    """For a statement over instances: it is unsettled, its time to be tried has come, and nobody works on it."""
    return and_(
        UNSETTLED,
        or_(t.next_attempt_at.is_(None), t.next_attempt_at <= now),
        or_(t.lease_until.is_(None), t.lease_until <= now),
    )


_STORMS = (Step.START, Step.STOP)
"""What thousands wait for at one instant."""


def ready(connection: Connection, scope_id: int, step: Step, now: datetime, limit: int) -> list[Instance]:
    """Up to `limit` rows of the scope whose next step is `step` and whom nobody works on, locked until the transaction ends."""
    wanted = [(d.value, o.value) for d, o in pairs(step)]
    found: list[Instance] = []
    # of one state the index gives the soonest first; of two, all that waits would be read and sorted, in a storm for each batch
    for states in [[one] for one in wanted] if step in _STORMS else [wanted]:
        room = limit - len(found)
        if room:
            found += fetch_instances(connection, *_ready(scope_id=scope_id, wanted=states, now=now, limit=room))
    return found


@made_once
def _ready(scope_id: int, wanted: Sequence[tuple[str, str]], now: Moment, limit: int) -> Select[Any]:
    return (
        select_instances()
        .where(t.scope_id == scope_id, is_due(now), tuple_(t.desired, t.observed).in_(wanted))
        # what is giving way to its snapshot is left to who shelves it
        .where(t.provider_id.is_not(None), t.shelf != Shelf.LEAVING.value)
        .order_by(t.expires_at)
        .limit(limit)
        .with_for_update(skip_locked=True, of=instances)
    )


def lease(connection: Connection, ids: Sequence[str], step: Step, now: datetime, span: timedelta, owner: str) -> None:
    """Own locked rows for `span`. A changing step is written down as unsure before it is taken: whoever finds the row later
    knows that it may have happened."""
    values: dict[str, Any] = {"lease_token": owner, "lease_until": now + span}
    if step is not Step.LOOK:
        intent = cast({step.value: now.isoformat()}, JSONB)
        # an older attempt's date is kept: what is on the right wins in ||
        values |= {"attempts": t.attempts + 1, "unsure": intent.op("||")(t.unsure)}
    connection.execute(update(instances).where(t.id.in_(ids)).values(**values))


def apply(
    connection: Connection, owner: str, step: Step, outcomes: Sequence[Outcome], now: datetime
) -> dict[str, Instance]:
    """Write outcomes on the rows still leased to `owner`; returns these as they are now, by id. The others belong to somebody
    newer."""
    ids = [o.id for o in outcomes]
    _lock_in_order(connection, ids)
    v = recordset(
        instances,
        (*facts.COLUMNS, "id", "generation", "error_code", "error", "next_attempt_at"),
        [_as_row(o) for o in outcomes],
        {"failed": Boolean(), "sure": Boolean(), "why_now": Text()},
    )
    # a look that began before what we know by now brings no news
    fresh = and_(facts.is_seen(v), v.c.observed_at >= t.observed_at)
    goal = _goal(v, fresh, now)
    # what was accepted is not done: an attempt counts until the machine was seen where it should be
    arrived = goal["settled_generation"] == goal["generation"]
    values = goal | {
        "failed_generation": case(
            (and_(v.c.failed, v.c.generation == t.generation), t.generation),
            else_=t.failed_generation,
        ),
        "error_code": v.c.error_code,
        "error": v.c.error,
        # a worker that the cloud does not know has not tried
        "attempts": case(
            (arrived, 0),
            (v.c.error_code == "unauthenticated", func.greatest(t.attempts - 1, 0)),
            else_=t.attempts,
        ),
        "next_attempt_at": v.c.next_attempt_at,
        "unsure": case((v.c.sure, t.unsure.op("-")(step.value)), else_=t.unsure),
        "lease_token": None,
        "lease_until": None,
    }
    seen = {o.id: o.seen for o in outcomes if o.seen is not None}
    mine = t.lease_token == owner
    return facts.write_and_read(connection, v, seen, now, fresh=fresh, where=mine, beside=values)


def by_id(rows: Iterable[Instance]) -> dict[str, Instance]:
    return {row.id: row for row in rows}


def _as_row(o: Outcome) -> dict[str, Any]:
    return {
        "id": o.id,
        **facts.as_columns(o.seen, o.observed_at),
        "error_code": o.error_code,
        "error": o.error,
        "next_attempt_at": o.next_attempt_at,
        "generation": o.generation,
        "failed": o.failed,
        "why_now": o.why.value,
        "sure": o.sure,
    }


def _goal(v: Any, seen: ColumnElement[bool], now: datetime) -> dict[str, Any]:
    """What a sighting means for the row: whether it settles or ends it."""
    gone = and_(seen, v.c.observed.in_([o.value for o in GONE]))
    unasked = and_(gone, t.desired != Desired.TERMINATED.value)
    desired_now = case((gone, Desired.TERMINATED.value), else_=t.desired)
    generation_now = case((unasked, t.generation + 1), else_=t.generation)
    return {
        "desired": desired_now,
        "why": case((unasked, v.c.why_now), else_=t.why),
        "generation": generation_now,
        # what our own step did may contradict a goal that was set, and even met, while we were away
        "settled_generation": case(
            (and_(seen, settles(desired_now, v.c.observed)), generation_now),
            (seen, func.least(t.settled_generation, t.generation - 1)),
            else_=t.settled_generation,
        ),
        "drift_since": case((seen, None), else_=t.drift_since),
        "closed_at": case((gone, func.coalesce(t.closed_at, now)), else_=t.closed_at),
    }


def park(connection: Connection, ids: Sequence[str], code: str, error: str) -> None:
    """Give the present request up, with the evidence on the row."""
    values = {"failed_generation": t.generation, "error_code": code, "error": error, "next_attempt_at": None}
    connection.execute(update(instances).where(t.id.in_(ids)).values(**values))


def unsettle(connection: Connection, ids: Sequence[str], step: Step, now: datetime) -> list[Instance]:
    """An answer came after somebody newer took the row: its effect is unknown to them, so the row is looked at afresh."""
    _lock_in_order(connection, ids)
    intent = cast({step.value: now.isoformat()}, JSONB)
    connection.execute(
        update(instances)
        .where(t.id.in_(ids), t.closed_at.is_(None))
        .values(
            settled_generation=func.least(t.settled_generation, t.generation - 1),
            unsure=t.unsure.op("||")(intent),
            next_attempt_at=None,
        )
    )
    return fetch_instances(connection, select_instances().where(t.id.in_(ids)))


def waiting(connection: Connection, now: datetime, limit: int) -> list[Instance]:
    """Unsettled rows that nobody works on and whose time to be tried has come."""
    return fetch_instances(connection, *_waiting(now=now, limit=limit))


@made_once
def _waiting(now: Moment, limit: int) -> Select[Any]:
    return select_instances().where(is_due(now)).order_by(t.expires_at).limit(limit)


def scopes_of(connection: Connection, ids: Sequence[str]) -> list[int]:
    """Where the unsettled ones among these live; unknown ids are in no scope."""
    query = select(t.scope_id).where(t.id.in_(ids), UNSETTLED).distinct()
    return list(connection.execute(query).scalars())


def _lock_in_order(connection: Connection, ids: Sequence[str]) -> None:
    """Row locks in id order, so that two statements over many rows never wait for each other in a circle."""
    connection.execute(select(t.id).where(t.id.in_(ids)).order_by(t.id).with_for_update())
