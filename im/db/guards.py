"""Guards as rows: what the cloud was told, what it should be told, and who is just telling it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Interval,
    Select,
    and_,
    case,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from im.db.made_once import Moment, made_once
from im.db.schema.core import holds, instances, scopes
from im.db.schema.work import guards
from im.db.select import fetch_instances, select_instances
from im.domain.guard import TOO_NEAR, Guard, GuardKind, farthest, wanted
from im.domain.hold import HoldKind
from im.domain.state import GONE, Observed, OnExpiry

if TYPE_CHECKING:
    from im.domain.instance import Instance
    from im.domain.scope import Scope

g, t = guards.c, instances.c
_IDLE = [o.value for o in (*GONE, Observed.NONE, Observed.STOPPED, Observed.TERMINATING)]


_STORED = "scheduler"
"""How a guard is called in a row: workers of the version before know no other word."""


def add(
    connection: Connection, ids: Sequence[str], kind: GuardKind, grace: timedelta, ahead: timedelta | None = None
) -> None:
    """`ahead`: the farthest moment that the cloud takes, from now; None: any."""
    if ids and kind is not GuardKind.NONE:
        most = int(ahead.total_seconds()) if ahead is not None else None
        shared = {"kind": _STORED, "grace": int(grace.total_seconds()), "ahead": most}
        connection.execute(insert(guards).on_conflict_do_nothing(), [{"instance_id": i, **shared} for i in ids])


def copy(connection: Connection, old: str, new: str) -> None:
    """What guards one instance shall guard another; nothing if nothing did."""
    query = select(literal(new), g.kind, g.grace, g.ahead).where(g.instance_id == old)
    columns = ["instance_id", "kind", "grace", "ahead"]
    connection.execute(insert(guards).from_select(columns, query).on_conflict_do_nothing())


def is_needed(connection: Connection, scope: Scope, *, to_terminate: bool = False) -> bool:
    """Has a living machine of the scope's account a guard? `to_terminate`: one that terminates it."""
    query = (
        select(g.instance_id)
        .join(instances, t.id == g.instance_id)
        .join(scopes, scopes.c.id == t.scope_id)
        .where(g.kind != GuardKind.NONE.value, t.closed_at.is_(None))
        .where(scopes.c.provider == scope.provider, scopes.c.account == scope.account)
    )
    if to_terminate:
        query = query.where(t.on_expiry == OnExpiry.TERMINATE.value)
    return connection.execute(query.limit(1)).first() is not None


def paused_until(connection: Connection, now: datetime) -> datetime | None:
    found: datetime | None = connection.execute(*_pause(now=now)).scalar_one_or_none()
    return found


@made_once
def _pause(now: Moment) -> Select[Any]:
    return select(holds.c.until).where(holds.c.kind == HoldKind.PAUSE.value, holds.c.until > now)


def _wanted(now: Moment, paused: Moment | None) -> ColumnElement[datetime]:
    """`im.domain.guard.wanted` in SQL, to find candidates; what is asked for is computed by the rule itself."""
    second = cast(literal("1 second"), Interval)
    grace = g.grace * second
    ends: ColumnElement[datetime] = func.greatest(t.expires_at, paused) if paused is not None else t.expires_at
    at = func.date_trunc(text("'second'"), ends + grace + cast(literal("999999 microseconds"), Interval))
    today = func.date_trunc(text("'day'"), now, text("'UTC'"))
    farthest_of_today = today + (g.ahead - 86_400) * second  # null, which `least` leaves out, where any moment is taken
    idle = or_(t.closed_at.is_not(None), t.provider_id.is_(None), t.observed.in_(_IDLE))
    return case((idle, null()), else_=func.least(at, farthest_of_today))


def _differs(now: Moment, paused: Moment | None) -> ColumnElement[bool]:
    at = _wanted(now, paused)
    return and_(
        g.kind != GuardKind.NONE.value,
        or_(g.told_at.is_distinct_from(at), g.asked_at.is_not(None)),
        # a moment that has come is for us to enforce, and one that was never told needs no taking back
        or_(at.is_(None), at > now + TOO_NEAR),
        or_(at.is_not(None), g.told_at.is_not(None), g.asked_at.is_not(None)),
        or_(g.next_attempt_at.is_(None), g.next_attempt_at <= now),
        or_(g.lease_until.is_(None), g.lease_until <= now),
    )


def scopes_waiting(connection: Connection, now: datetime) -> list[int]:
    """Where something about a guard is to be done."""
    paused = paused_until(connection, now)
    asked = _waiting_in_a_pause(now=now, paused=paused) if paused else _waiting(now=now)
    return list(connection.execute(*asked).scalars())


@made_once
def _waiting(now: Moment) -> Select[Any]:
    return select(t.scope_id).join(guards, g.instance_id == t.id).where(_differs(now, None)).distinct()


@made_once
def _waiting_in_a_pause(now: Moment, paused: Moment) -> Select[Any]:
    return select(t.scope_id).join(guards, g.instance_id == t.id).where(_differs(now, paused)).distinct()


@dataclass(frozen=True, slots=True)
class Task:
    """One guard to set, move or take away (`at` None)."""

    row: Instance
    guard: Guard
    at: datetime | None
    attempts: int


def claim(
    connection: Connection,
    scope_id: int,
    now: datetime,
    lease: timedelta,
    limit: int,
    owner: str,
    ahead: timedelta | None = None,
) -> list[Task]:
    """Lease up to `limit` guards of the scope that differ from what they should be, and write down what is asked.

    `ahead`: the farthest moment that its cloud takes, from now. It is written down too: a row of another version may not have it.
    """
    paused, most = paused_until(connection, now), int(ahead.total_seconds()) if ahead is not None else None
    query = (
        select(guards)
        .join(instances, g.instance_id == t.id)
        .where(t.scope_id == scope_id, _differs(now, paused))
        .order_by(t.expires_at)
        .limit(limit)
        .with_for_update(of=guards, skip_locked=True)
    )
    found = {row.instance_id: row for row in connection.execute(query)}
    rows = fetch_instances(connection, select_instances().where(t.id.in_(list(found))))
    tasks = [
        Task(
            *(row, one := _guard(found[row.id])),
            *(wanted(row, one.grace, paused, farthest(now, ahead)), found[row.id].attempts + 1),
        )
        for row in rows
    ]
    for task in tasks:
        connection.execute(
            update(guards)
            .where(g.instance_id == task.row.id)
            .values(lease_token=owner, lease_until=now + lease, attempts=g.attempts + 1, asked_at=task.at, ahead=most)
        )
    return tasks


def confirm(connection: Connection, owner: str, tasks: Sequence[Task]) -> set[str]:
    """The cloud has confirmed these; returns the ids still ours."""
    done: set[str] = set()
    for task in tasks:
        values = {"told_at": task.at, "asked_at": None, "attempts": 0, "next_attempt_at": None}
        done |= _apply(connection, owner, task, {**values, "error_code": None, "error": None})
    return done


def fail(
    connection: Connection, owner: str, task: Task, code: str, error: str, again_at: datetime, *, sure: bool
) -> set[str]:
    """The cloud did not; unless `sure`, it may have done it all the same."""
    asked = None if sure else task.at
    values = {"asked_at": asked, "next_attempt_at": again_at, "error_code": code, "error": error[:300]}
    return _apply(connection, owner, task, values)


def _apply(connection: Connection, owner: str, task: Task, values: Mapping[str, object]) -> set[str]:
    done = connection.execute(
        update(guards)
        .where(g.instance_id == task.row.id, g.lease_token == owner)
        .values(lease_token=None, lease_until=None, **values)
        .returning(g.instance_id)
    )
    return set(done.scalars())


def fired_by(connection: Connection, ids: Sequence[str], now: datetime) -> dict[str, Guard]:
    """Those of these instances whose moment has come: they may have fired."""
    query = select(guards).where(g.instance_id.in_(ids), or_(g.told_at <= now, g.asked_at <= now))
    return {row.instance_id: _guard(row) for row in connection.execute(query)}


def failing(connection: Connection) -> list[tuple[str, str]]:
    """Name and error of the living whose guard the cloud refused."""
    query = select(t.name, g.error).join(instances, g.instance_id == t.id)
    found = connection.execute(query.where(g.error.is_not(None), t.closed_at.is_(None)).order_by(t.name))
    return [(row.name, row.error) for row in found]


def _guard(row: object) -> Guard:
    values = row._mapping  # type: ignore[attr-defined]
    return Guard(
        *(values["instance_id"], GuardKind(values["kind"]), timedelta(seconds=values["grace"])),
        *(values["told_at"], values["asked_at"], values["error"]),
        timedelta(seconds=values["ahead"]) if values["ahead"] is not None else None,
    )
