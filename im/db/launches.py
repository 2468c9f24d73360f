"""Launches as rows of their own: opened by a request, claimed by one worker at a time, immutable once called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import BindParameter, ColumnElement, Connection, Text, and_, cast, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import ARRAY

from im.db.bulk import assignments, recordset
from im.db.instances.spec import from_spec
from im.db.money import usage
from im.db.schema.core import instances, launches
from im.db.select import select_launches, to_launch
from im.domain.launch import Launch, LaunchState
from im.domain.spec.spec import WINDOWS, Spec
from im.domain.state import Desired, Observed

if TYPE_CHECKING:
    from im.db.made_once import Moment
    from im.domain.sighting import Sighting

t = launches.c
_OPEN = (LaunchState.OPEN.value, LaunchState.CALLED.value)


def add(
    connection: Connection,
    token: str,
    scope_id: int,
    spec: Spec,
    slots: Sequence[str],
    names: Sequence[str],
    now: datetime,
    *,
    candidate: int = 0,
    round_: int = 0,
) -> None:
    """A launch to be called at `now` or later."""
    connection.execute(
        insert(launches).values(
            token=token,
            scope_id=scope_id,
            spec=from_spec(spec),
            slots=list(slots),
            names=list(names),
            state=LaunchState.OPEN.value,
            created_at=now,
            next_attempt_at=now,
            candidate=candidate,
            round=round_,
        )
    )


def attach(connection: Connection, token: str, ids: Sequence[str]) -> None:
    """These instances now wait for that launch."""
    connection.execute(update(instances).where(instances.c.id.in_(ids)).values(launch_token=token))


def move(
    connection: Connection,
    token: str,
    ids: Sequence[str],
    spec: Spec,
    candidate: int,
    code: str | None,
    error: str | None,
    at: datetime,
    *,
    scope_id: int | None = None,
) -> None:
    """These instances now wait for that launch, at another place, because of an error; what they are follows the place.

    `scope_id`: another cloud's, or another account's.
    """
    values: dict[str, Any] = {} if scope_id is None else {"scope_id": scope_id}
    values |= {"launch_token": token, "spec": from_spec(spec), "zone": spec.zone, "candidate": candidate}
    why = {"error_code": code, "error": error, "next_attempt_at": at, "attempts": 0}
    connection.execute(update(instances).where(instances.c.id.in_(ids)).values(**values, **why))


def place(connection: Connection, token: str, owner: str, spec: Spec) -> bool:
    """Write where a launch goes that was to go anywhere, before it is called; False when somebody newer owns it."""
    mine = connection.execute(
        update(launches).where(t.token == token, t.lease_token == owner).values(spec=from_spec(spec)).returning(t.token)
    )
    if mine.first() is None:
        return False
    values = {"spec": from_spec(spec), "zone": spec.zone}
    connection.execute(update(instances).where(instances.c.launch_token == token).values(**values))
    return True


def due(scope_id: int | BindParameter[Any], now: Moment) -> ColumnElement[bool]:
    """For a statement over launches: it is to be called or settled, and nobody is at it."""
    return and_(
        t.scope_id == scope_id,
        t.state.in_(_OPEN),
        t.next_attempt_at <= now,
        or_(t.lease_until.is_(None), t.lease_until <= now),
    )


def claim_one(
    connection: Connection, scope_id: int, now: datetime, lease: timedelta, owner: str, *, unwanted: bool = False
) -> Launch | None:
    """Lease the launch that has waited longest. `owner` is the lease's token.

    `unwanted`: of those that were never called, and for which nobody waits any more.
    """
    query = (
        select(t.token).where(due(scope_id, now)).order_by(t.next_attempt_at).limit(1).with_for_update(skip_locked=True)
    )
    if unwanted:
        i = instances.c
        waits = (i.desired == Desired.RUNNING.value, i.observed == Observed.NONE.value, i.expires_at > now)
        anybody = select(i.id).where(i.launch_token == t.token, *waits)
        query = query.where(t.state == LaunchState.OPEN.value, ~anybody.exists())
    token = connection.execute(query).scalar_one_or_none()
    if token is None:
        return None
    connection.execute(
        update(launches)
        .where(t.token == token)
        .values(lease_token=owner, lease_until=now + lease, attempts=t.attempts + 1)
    )
    return to_launch(connection.execute(select_launches().where(t.token == token)).one())


def wait(connection: Connection, token: str, until: datetime) -> None:
    """Give a claimed launch back untouched: it is not its turn yet."""
    values = {"lease_token": None, "lease_until": None, "attempts": t.attempts - 1, "next_attempt_at": until}
    connection.execute(update(launches).where(t.token == token).values(**values))


def renew(
    connection: Connection, token: str, owner: str, until: datetime, *, called_at: datetime | None = None
) -> bool:
    """Keep a lease that nobody has taken over; False when somebody has. `called_at`: it is called anew, as if never before."""
    values = {"lease_until": until} | ({"called_at": called_at} if called_at else {})
    mine = update(launches).where(t.token == token, t.lease_token == owner)
    return connection.execute(mine.values(**values).returning(t.token)).first() is not None


def wanted(connection: Connection, launch: Launch, now: datetime) -> bool:
    """Does anybody still wait for a machine of this launch? Nothing is launched after its deadline."""
    i = instances.c
    waits = (i.desired == Desired.RUNNING.value, i.observed == Observed.NONE.value, i.expires_at > now)
    slots = (i.id.in_(launch.slots), i.launch_token == launch.token)
    return connection.execute(select(i.id).where(*slots, *waits).limit(1)).first() is not None


def commit_to_call(
    connection: Connection, token: str, slots: Sequence[str], names: Sequence[str], now: datetime
) -> None:
    """From here on the request is what it is: it may have been made."""
    connection.execute(
        update(launches)
        .where(t.token == token)
        .values(slots=list(slots), names=list(names), state=LaunchState.CALLED.value, called_at=now)
    )


def resolve(connection: Connection, token: str, owner: str, state: LaunchState, **values: Any) -> bool:
    """Write how the claimed launch stands and give the lease back. False when somebody newer owns it."""
    done = connection.execute(
        update(launches)
        .where(t.token == token, t.lease_token == owner)
        .values(state=state.value, lease_token=None, lease_until=None, **values)
        .returning(t.token)
    )
    return done.first() is not None


def fill(
    connection: Connection, machines: Mapping[str, Sighting], *, seen_at: datetime, now: datetime, look_at: datetime
) -> None:
    """Give slots (by the instance's id) their machines, seen at `seen_at`; a slot that already has one keeps it."""
    if not machines:
        return
    from im.db.instances import facts  # who only opens a launch has seen nothing

    rows = [
        {"id": i, "provider_id": one.provider_id, "zone": one.zone, **facts.as_columns(one, seen_at)}
        for i, one in machines.items()
    ]
    v = recordset(instances, ("id", "provider_id", "zone", *facts.COLUMNS), rows)
    settled = {"error_code": None, "error": None, "attempts": 0, "next_attempt_at": look_at}
    free = instances.c.provider_id.is_(None)
    facts.write(connection, v, machines, now, where=free, beside=assignments(v, ("provider_id", "zone")) | settled)
    _note_logins(connection, machines)
    _note_windows(connection, [i for i, one in machines.items() if one.windows])


def _note_logins(connection: Connection, machines: Mapping[str, Sighting]) -> None:
    """The image knows better than the guess of the prompt who logs in."""
    by_user: dict[str, list[str]] = {}
    for i, one in machines.items():
        if one.ssh_user:
            by_user.setdefault(one.ssh_user, []).append(i)
    for user, ids in by_user.items():
        told = func.jsonb_set(instances.c.spec, cast(["ssh_user"], ARRAY(Text)), func.to_jsonb(cast(user, Text)))
        changed = (instances.c.id.in_(ids), instances.c.spec["ssh_user"].astext != user)
        connection.execute(update(instances).where(*changed).values(spec=told))


def _note_windows(connection: Connection, ids: Sequence[str]) -> None:
    """An image that was named by its id turns out to be paid for by the hour. A spot machine has a price of its own anyway."""
    market = instances.c.spec["options"]["market"]
    told = func.jsonb_set(
        instances.c.spec, cast(["options", "market"], ARRAY(Text)), func.to_jsonb(cast(WINDOWS, Text))
    )
    unsaid = (instances.c.id.in_(ids), market.astext.is_(None))
    if ids:
        connection.execute(update(instances).where(*unsaid).values(spec=told))


def known_machines(connection: Connection, scope_id: int, provider_ids: Sequence[str]) -> set[str]:
    """Which of these machines already belong to an instance."""
    query = select(instances.c.provider_id).where(
        instances.c.scope_id == scope_id, instances.c.provider_id.in_(provider_ids)
    )
    return set(connection.execute(query).scalars())


def read(connection: Connection, token: str) -> Launch:
    return to_launch(connection.execute(select_launches().where(t.token == token)).one())


def unsized(connection: Connection, scope_id: int, now: datetime, limit: int) -> list[Launch]:
    """The launches whose machines, still there or gone less than an hour ago, have disks of unknown size; the youngest first."""
    i = instances.c
    here = (i.scope_id == scope_id, or_(i.closed_at.is_(None), i.closed_at > now - _SHOWN), i.provider_id.is_not(None))
    lacking = select(i.launch_token).where(*here, usage.has_disk_of_unknown_size())
    query = select_launches().where(t.token.in_(lacking)).order_by(t.created_at.desc()).limit(limit)
    return [to_launch(row) for row in connection.execute(query)]


_SHOWN = timedelta(hours=1)
"""For so long a cloud still shows a machine that is gone."""


def lose(connection: Connection, seen: Mapping[str, Sighting], now: datetime) -> None:
    """The machines of these (locked) instances ended before they ever ran: close their books, and free the slots."""
    from im.db.instances import facts
    from im.db.schema.work import guards

    facts.forget(connection, seen, now)
    connection.execute(guards.update().where(guards.c.instance_id.in_(list(seen))).values(told_at=None, asked_at=None))


def release(connection: Connection, ids: Sequence[str], now: datetime, code: str | None, error: str | None) -> None:
    """No machine will come for these slots: a wish to run has failed, any other goal is reached."""
    if not ids:
        return
    wants = instances.c.desired == Desired.RUNNING.value
    ends = instances.c.desired == Desired.TERMINATED.value
    waiting = (instances.c.id.in_(ids), instances.c.observed == Observed.NONE.value)
    shared = {"launch_token": None, "next_attempt_at": None, "attempts": 0}
    connection.execute(
        update(instances)
        .where(*waiting, wants)
        .values(**shared, failed_generation=instances.c.generation, error_code=code, error=error)
    )
    connection.execute(
        update(instances).where(*waiting, ~wants).values(**shared, settled_generation=instances.c.generation)
    )
    connection.execute(update(instances).where(*waiting, ends).values(closed_at=now))


def note_trouble(connection: Connection, ids: Sequence[str], code: str, error: str, next_at: datetime) -> None:
    """Let people see on the waiting instances why their launch is not there yet."""
    connection.execute(
        update(instances)
        .where(instances.c.id.in_(ids), instances.c.observed == Observed.NONE.value)
        .values(error_code=code, error=error, next_attempt_at=next_at)
    )
