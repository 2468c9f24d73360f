"""request: people change what is desired, and the deadline. Row first, commit, then ring; the cloud is never called here."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import SystemRandom
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import IntegrityError

from im.db import events, guards, instances, launches, protection, scopes, sight, user_data
from im.db.outcome import certain
from im.db.shapes import from_spec
from im.domain import intent as wish
from im.domain import placement
from im.domain.duration import FOREVER, format_duration, parse_keep
from im.domain.errors import ImError, NoSuchInstance, Refused
from im.domain.event import Event
from im.domain.guard import GuardKind
from im.domain.instance import Desired, Instance, Observed, OnExpiry, Scope, Spec, Why
from im.domain.intent import Deadline, Intent
from im.domain.names import check_name, check_tags, make_id, make_name, numbered
from im.failpoints import Point, reach
from im.providers import registry
from im.providers.base import Ask, Capabilities
from im.queue.tasks import Task
from im.services import budgets, placing
from im.services.endings import guard_of, on_expiry_of, refuse_what_excludes, roles_of
from im.services.enforce import ring_hints

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from im.context import Context
    from im.settings import Settings

MAX_COUNT = 1000
AT_ONCE = 500
"""Machines of one launch. EC2 takes more, but advises batches, and a refusal then speaks for fewer."""
_random = SystemRandom()


@dataclass(frozen=True, slots=True)
class Order:
    """One `im create`, as typed."""

    provider: str
    account: str
    ask: Ask
    name: str | None
    count: int
    deadline: Deadline
    actor: str
    guard: GuardKind | None = None
    """None: as this deployment has it."""
    keep_stopped: str = ""
    """How long it is kept once its TTL has stopped it: a duration, `forever`, or empty for what the settings say."""
    protect: bool = False
    retry: bool = False
    """When every place has refused for want of room: begin again, until the deadline."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What an order comes to; `names` is empty when they will be made up."""

    scope: Scope
    spec: Spec
    names: tuple[str, ...]
    count: int
    on_expiry: OnExpiry
    capabilities: Capabilities
    guard: GuardKind = GuardKind.NONE
    grace: timedelta = timedelta(0)
    """How long after the deadline the guard acts."""
    keep_stopped: timedelta | None = None
    """None: for good."""
    protect: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    before: Instance | None
    after: Instance


@dataclass(frozen=True, slots=True)
class Answer:
    """What was committed. `rang` is False when the broker did not take the doorbell: the next tick does the work then."""

    changes: tuple[Change, ...]
    now: datetime
    rang: bool


def plan(settings: Settings, order: Order) -> Plan:
    """Check an order without writing or asking anything. Raises Refused."""
    if not 1 <= order.count <= MAX_COUNT:
        raise Refused(f"{order.count} machines at once is not possible", f"ask for 1 to {MAX_COUNT}")
    profile = registry.profile(order.provider)
    settings.check_account(order.account)
    region = settings.region_of(order.account)
    scope, spec = placing.plan(profile, order.ask, account=order.account, region=region, retry=order.retry)
    if tags := {**dict(settings.tags), **order.ask.tags}:
        spec = replace(spec, options={**spec.options, "tags": check_tags(tags)})
    names = tuple(check_name(n) for n in numbered(order.name, order.count)) if order.name is not None else ()
    on_expiry = on_expiry_of(order, spec, profile.capabilities)
    guard = guard_of(settings, order, profile.capabilities)
    grace = timedelta(seconds=settings.guard_grace)
    refuse_what_excludes(order, on_expiry)
    profile.check_roles(scope, roles_of(settings, order.account, guard))
    keep = parse_keep(order.keep_stopped or (settings.keep_stopped if on_expiry is OnExpiry.STOP else FOREVER))
    return Plan(
        *(scope, spec, names, order.count, on_expiry, profile.capabilities, guard, grace),
        keep_stopped=keep,
        protect=order.protect,
    )


def create(ctx: Context, order: Order) -> Answer:
    """Commit the wish for new machines and ring for their launch. Raises Refused (also for a name that is taken)."""
    planned = plan(ctx.settings, order)
    for attempt in range(5):
        names = planned.names or numbered(make_name(_random, crowded=attempt > 1), order.count)
        try:
            with certain(ctx.begin) as connection:
                now = ctx.clock(connection)
                rows = _insert(connection, planned, names, order, now)
                budgets.keep(connection, (), rows, now)
                reach(Point.REQUEST_WRITTEN, Task.CREATE)
            break
        except IntegrityError as exc:
            if "uq_instances_living_name" not in str(exc.orig):
                raise
            if planned.names:
                raise _name_taken(ctx, planned.names) from exc
    else:
        raise ImError("no free name was found", "give one with --name")
    reach(Point.REQUEST_COMMITTED, Task.CREATE)
    rang = ctx.queue.ring(Task.CREATE, [r.id for r in rows], label=_label(rows))
    ring_hints(ctx, rows, now)
    reach(Point.REQUEST_RUNG, Task.CREATE)
    return Answer(tuple(Change(None, r) for r in rows), now, rang)


def extend(ctx: Context, ids: Sequence[str], deadline: Deadline, *, actor: str, start: bool = True) -> Answer:
    """Move deadlines; wakes what is stopped unless `start` is False."""

    def decide(row: Instance, now: datetime) -> Intent:
        return wish.extend(row, now, deadline, start=start)

    return _change(ctx, ids, decide, actor, Task.EXTEND, "extended")


def start(ctx: Context, ids: Sequence[str], deadline: Deadline | None, *, actor: str) -> Answer:
    return _change(ctx, ids, lambda row, now: wish.start(row, now, deadline), actor, Task.START, "start requested")


def stop(ctx: Context, ids: Sequence[str], *, actor: str) -> Answer:
    return _change(ctx, ids, wish.stop, actor, Task.STOP, "stop requested")


def terminate(ctx: Context, ids: Sequence[str], *, actor: str) -> Answer:
    return _change(ctx, ids, wish.terminate, actor, Task.TERMINATE, "terminate requested")


def protect(ctx: Context, ids: Sequence[str], *, on: bool, actor: str) -> Answer:
    """Guard machines against being terminated, or no longer; all or nothing. The cloud is told by a worker."""
    wanted = list(dict.fromkeys(ids))
    with certain(ctx.begin) as connection:
        before = _lock(connection, wanted)
        now = ctx.clock(connection)
        for row in before:
            wish.protect(row, on)
        after = protection.write(connection, wanted, on)
        told = "nobody may terminate it" if on else "it may be terminated again"
        changed = [new for old, new in zip(before, after, strict=True) if old.protected is not on]
        kind = "protected" if on else "unprotected"
        events.record(connection, (Event(r.id, now, kind, actor, told, r.generation) for r in changed))
        reach(Point.REQUEST_WRITTEN, Task.PROTECT)
    reach(Point.REQUEST_COMMITTED, Task.PROTECT)
    rang = ctx.queue.ring(Task.PROTECT, wanted, label=_label(after))
    reach(Point.REQUEST_RUNG, Task.PROTECT)
    return Answer(tuple(Change(b, a) for b, a in zip(before, after, strict=True)), now, rang)


def _lock(connection: Connection, wanted: Sequence[str]) -> list[Instance]:
    rows = instances.lock(connection, wanted)
    if len(rows) < len(wanted):
        missing = sorted(set(wanted) - {row.id for row in rows})
        raise NoSuchInstance(f"there is no instance {missing[0]}", "im list  shows what there is")
    return rows


def _change(
    ctx: Context,
    ids: Sequence[str],
    decide: Callable[[Instance, datetime], Intent],
    actor: str,
    task: Task,
    kind: str,
) -> Answer:
    """All or nothing: one refusal, and no row of this request changes."""
    wanted = list(dict.fromkeys(ids))
    with certain(ctx.begin) as connection:
        before = _lock(connection, wanted)
        now = ctx.clock(connection)
        intents = {row.id: decide(row, now) for row in before}
        for row in before:
            if intents[row.id].relaunch:
                spec = placement.at(row.spec, 0)
                token = _open_launch(connection, row.scope, spec, [row.id], [row.name], now)
                launches.move(connection, token, [row.id], spec, 0, None, None, now)
        after = instances.write_intents(connection, intents, actor, now)
        story = (_told(old, new, actor, kind, now) for old, new in zip(before, after, strict=True))
        events.record(connection, story)
        budgets.keep(connection, before, after, now)
        reach(Point.REQUEST_WRITTEN, task)
    reach(Point.REQUEST_COMMITTED, task)
    rang = ctx.queue.ring(task, wanted, label=_label(after))
    ring_hints(ctx, after, now)
    reach(Point.REQUEST_RUNG, task)
    return Answer(tuple(Change(b, a) for b, a in zip(before, after, strict=True)), now, rang)


def _insert(connection: Connection, planned: Plan, names: Sequence[str], order: Order, now: datetime) -> list[Instance]:
    number = scopes.ensure(connection, planned.scope)
    expires_at = order.deadline.after(now)
    ids = [make_id(_random) for _ in names]
    spec = user_data.keep(connection, planned.spec, now)
    tokens = _open_launches(connection, planned.scope, spec, ids, names, now)
    shared: dict[str, Any] = {
        "owner": order.ask.owner,
        "scope_id": number,
        "spec": from_spec(spec),
        "created_at": now,
        "desired": Desired.RUNNING.value,
        "why": Why.USER.value,
        "by": order.actor,
        "expires_at": expires_at,
        "on_expiry": planned.on_expiry.value,
        "keep_stopped": int(planned.keep_stopped.total_seconds()) if planned.keep_stopped else None,
        "protected": planned.protect,
        "generation": 1,
        "observed": Observed.NONE.value,
        "observed_at": now,
        "zone": planned.spec.zone,
    }
    slots = zip(ids, names, tokens, strict=True)
    instances.add(connection, [{**shared, "id": i, "name": n, "launch_token": t} for i, n, t in slots])
    guards.add(connection, ids, planned.guard, planned.grace)
    rows = sight.read(connection, ids)
    told = f"{planned.spec.instance_type} in {planned.spec.zone or planned.scope.region}, until {expires_at:%Y-%m-%d %H:%M:%S} UTC"
    if planned.keep_stopped is not None:
        told += f", then kept stopped for {format_duration(planned.keep_stopped)} and terminated"
    if planned.protect:
        told += ", protected"
    events.record(connection, (Event(r.id, now, "create requested", order.actor, told, 1) for r in rows))
    return rows


def _open_launch(
    connection: Connection, scope: Scope, spec: Spec, ids: Sequence[str], names: Sequence[str], now: datetime
) -> str:
    token = str(uuid.uuid4())
    launches.add(connection, token, scopes.ensure(connection, scope), spec, ids, names, now)
    return token


def _open_launches(
    connection: Connection, scope: Scope, spec: Spec, ids: Sequence[str], names: Sequence[str], now: datetime
) -> list[str]:
    """As few as will do; the token of each slot's own."""
    tokens: list[str] = []
    for at in range(0, len(ids), AT_ONCE):
        some = slice(at, at + AT_ONCE)
        tokens += [_open_launch(connection, scope, spec, ids[some], names[some], now)] * len(ids[some])
    return tokens


def _told(old: Instance, new: Instance, actor: str, kind: str, now: datetime) -> Event:
    moved = old.expires_at != new.expires_at
    parts = [f"deadline {old.expires_at:%Y-%m-%d %H:%M:%S} → {new.expires_at:%Y-%m-%d %H:%M:%S} UTC"] if moved else []
    if old.desired is not new.desired:
        parts.append(f"{old.desired} → {new.desired}")
    return Event(new.id, now, kind, actor, ", ".join(parts) or f"stays {new.desired}", new.generation)


def _name_taken(ctx: Context, names: Sequence[str]) -> Refused:
    with ctx.begin() as connection:
        taken = sorted(instances.taken_names(connection, names)) or list(names)
    return Refused(f"the name {taken[0]} is taken", f"choose another, or look at it: im status {taken[0]}")


def _label(rows: Sequence[Instance]) -> str:
    """What Flower shows as the arguments of the task."""
    return rows[0].name if len(rows) == 1 else f"{rows[0].name} and {len(rows) - 1} more"
