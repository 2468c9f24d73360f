"""The outbox of notices: planned once for each deadline, stage and channel, claimed by one sender at a time, kept as evidence."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Interval, Row, Select, and_, cast, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from im.db.made_once import Moment, made_once
from im.db.schema.core import instances
from im.db.schema.times import deadlines
from im.db.schema.work import notices
from im.db.select import fetch_instances, select_instances
from im.domain.instance import Instance
from im.domain.notice import ChannelName, Notice, NoticeState
from im.domain.state import ALIVE, Desired, Why

n, t, d = notices.c, instances.c, deadlines.c
_PENDING = NoticeState.PENDING.value


def plan(connection: Connection, stages: Sequence[timedelta], channels: Sequence[ChannelName], now: datetime) -> int:
    """Put down what has become due: for each deadline the latest stage that it has passed, in each channel; how many.

    A stage that had passed already when the deadline was set says nothing that its setter did not know.
    """
    planned = 0
    for i, stage in enumerate(stages):
        following = stages[i + 1] if i + 1 < len(stages) else timedelta(0)
        held_since = select(func.max(d.since)).where(d.instance_id == t.id).scalar_subquery()
        due = select(t.id, t.expires_at, literal(int(stage.total_seconds())), cast(now, n.created_at.type)).where(
            t.closed_at.is_(None),
            t.desired == Desired.RUNNING.value,
            t.observed.in_([o.value for o in ALIVE]),
            t.expires_at > now + following,
            t.expires_at <= now + stage,
            held_since < t.expires_at - cast(stage, Interval),
        )
        for channel in channels:
            rows = due.add_columns(literal(channel.value), literal(_PENDING), cast(now, n.next_attempt_at.type))
            names = ["instance_id", "expires_at", "stage", "created_at", "channel", "state", "next_attempt_at"]
            done = connection.execute(insert(notices).from_select(names, rows).on_conflict_do_nothing())
            planned += done.rowcount
    return planned


def waiting(connection: Connection, now: datetime) -> bool:
    """Is there anything that can be sent now?"""
    return connection.execute(*_waiting(now=now)).first() is not None


@made_once
def _waiting(now: Moment) -> Select[Any]:
    return select(n.id).where(n.state == _PENDING, n.next_attempt_at <= now).limit(1)


@dataclass(frozen=True, slots=True)
class Claimed:
    id: int
    instance_id: str
    channel: ChannelName
    attempts: int
    notice: Notice | None
    """None when there is nothing to give notice of any more."""
    state: NoticeState
    instance: Instance


def claim(
    connection: Connection, now: datetime, lease: timedelta, owner: str, without: Collection[ChannelName]
) -> Claimed | None:
    """Lease the most urgent notice, if its deadline still stands; otherwise it is closed, and said to be."""
    query = (
        select(notices)
        .where(
            n.state == _PENDING,
            n.next_attempt_at <= now,
            n.channel.not_in([c.value for c in without]),
            or_(n.lease_until.is_(None), n.lease_until <= now),
        )
        .order_by(n.expires_at, n.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    row = connection.execute(query).first()
    if row is None:
        return None
    (instance,) = fetch_instances(connection, select_instances().where(t.id == row.instance_id))
    stands = (
        instance.expires_at == row.expires_at
        and instance.desired is Desired.RUNNING
        and instance.observed in ALIVE
        and instance.closed_at is None
    )
    state = NoticeState.PENDING if stands else NoticeState.MOVED
    passed = instance.expires_at == row.expires_at <= now
    if passed and (stands or instance.why is Why.TTL):
        state = NoticeState.LATE
    if state is not NoticeState.PENDING:
        connection.execute(update(notices).where(n.id == row.id).values(state=state.value))
        return Claimed(*_which(row), row.attempts, None, state, instance)
    connection.execute(
        update(notices)
        .where(n.id == row.id)
        .values(lease_token=owner, lease_until=now + lease, attempts=n.attempts + 1)
    )
    place = f"{instance.scope.provider} {instance.zone or instance.spec.zone}, {instance.spec.instance_type}"
    told = Notice(
        *(instance.id, instance.name, instance.owner, place, row.expires_at, instance.on_expiry.value),
        timedelta(seconds=row.stage),
        ChannelName(row.channel),
    )
    return Claimed(*_which(row), row.attempts + 1, told, state, instance)


def _which(row: Row[*tuple[Any, ...]]) -> tuple[int, str, ChannelName]:
    return row.id, row.instance_id, ChannelName(row.channel)


def sent(connection: Connection, number: int, owner: str, now: datetime) -> bool:
    """Write down that it was taken; False when somebody newer owns it, who sends it once more."""
    return _close(connection, number, owner, {"state": NoticeState.SENT.value, "sent_at": now, "error": None})


def failed(connection: Connection, number: int, owner: str, error: str, again_at: datetime) -> bool:
    return _close(connection, number, owner, {"error": error[:300], "next_attempt_at": again_at})


def _close(connection: Connection, number: int, owner: str, values: dict[str, object]) -> bool:
    done = connection.execute(
        update(notices)
        .where(n.id == number, n.lease_token == owner)
        .values(lease_token=None, lease_until=None, **values)
        .returning(n.id)
    )
    return done.first() is not None


@dataclass(frozen=True, slots=True)
class Standing:
    """How the notices of the last day stand, for `im doctor`."""

    sent: int
    late: int
    failing: int
    """Pending, and refused at least once."""
    error: str | None


def standing(connection: Connection, since: datetime) -> Standing:
    recent = n.created_at > since
    counted = select(
        func.count().filter(n.state == NoticeState.SENT.value),
        func.count().filter(n.state == NoticeState.LATE.value),
        func.count().filter(and_(n.state == _PENDING, n.error.is_not(None))),
    ).where(recent)
    error = select(n.error).where(recent, n.error.is_not(None)).order_by(n.id.desc()).limit(1)
    done, late, failing = connection.execute(counted).one()
    return Standing(done, late, failing, connection.execute(error).scalar_one_or_none())
