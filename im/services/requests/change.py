"""request: people change what is desired, and the deadline. Row first, commit, then ring; the cloud is never called here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from im.db import events, launches, scopes
from im.db.instances import protection, requests
from im.domain import intent as wish
from im.domain.access import Actor, Verb
from im.domain.errors import NoSuchInstance
from im.domain.event import Event, EventKind
from im.domain.instance import Instance
from im.domain.intent import Deadline, Intent
from im.domain.spec import placement
from im.failpoints import Point, reach
from im.queue.tasks import Task
from im.services import access
from im.services.access import Permit
from im.services.requests import limits
from im.services.requests.launch_rows import _label, _open_launch
from im.services.requests.result import Answer, Change
from im.services.requests.shelving import decide_stop, refuse_adopted
from im.services.ring import ring_hints

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from im.context import Context


def extend(ctx: Context, ids: Sequence[str], deadline: Deadline, *, actor: Actor, start: bool = True) -> Answer:
    """Move deadlines; wakes what is stopped unless `start` is False."""
    permit = access.ask(actor, Verb.EXTEND)

    def decide(row: Instance, now: datetime) -> Intent:
        return wish.extend(row, now, deadline, start=start)

    return _change(ctx, ids, decide, permit, Task.EXTEND, EventKind.EXTENDED)


def start(ctx: Context, ids: Sequence[str], deadline: Deadline | None, *, actor: Actor) -> Answer:
    permit = access.ask(actor, Verb.START)
    return _change(
        ctx, ids, lambda row, now: wish.start(row, now, deadline), permit, Task.START, EventKind.START_REQUESTED
    )


def stop(ctx: Context, ids: Sequence[str], *, actor: Actor, shelve: bool = False) -> Answer:
    """`shelve`: each gives way to a snapshot of itself, where its cloud can do that."""
    permit = access.ask(actor, Verb.STOP)

    def decide(row: Instance, now: datetime) -> Intent:
        if shelve:
            refuse_adopted(row)
        return decide_stop(row, now, shelve=shelve)

    return _change(ctx, ids, decide, permit, Task.STOP, EventKind.STOP_REQUESTED)


def terminate(ctx: Context, ids: Sequence[str], *, actor: Actor) -> Answer:
    permit = access.ask(actor, Verb.TERMINATE)
    return _change(ctx, ids, wish.terminate, permit, Task.TERMINATE, EventKind.TERMINATE_REQUESTED)


def protect(ctx: Context, ids: Sequence[str], *, on: bool, actor: Actor) -> Answer:
    """Guard machines against being terminated, or no longer; all or nothing. The cloud is told by a worker."""
    permit = access.ask(actor, Verb.PROTECT)
    wanted = list(dict.fromkeys(ids))
    with ctx.storing() as connection:
        before = _lock(connection, wanted, permit)
        now = ctx.clock(connection)
        for row in before:
            wish.protect(row, on)
        after = protection.write(connection, wanted, on)
        told = "nobody may terminate it" if on else "it may be terminated again"
        changed = [new for old, new in zip(before, after, strict=True) if old.protected is not on]
        kind = EventKind.PROTECTED if on else EventKind.UNPROTECTED
        events.record(connection, (actor.did(kind, r.id, now, told, r.generation) for r in changed))
        reach(Point.REQUEST_WRITTEN, Task.PROTECT)
    reach(Point.REQUEST_COMMITTED, Task.PROTECT)
    rang = ctx.queue.ring(Task.PROTECT, wanted, label=_label(after))
    reach(Point.REQUEST_RUNG, Task.PROTECT)
    return Answer(tuple(Change(b, a) for b, a in zip(before, after, strict=True)), now, rang)


def _lock(connection: Connection, wanted: Sequence[str], permit: Permit) -> list[Instance]:
    rows = requests.lock(connection, wanted)
    if len(rows) < len(wanted):
        missing = sorted(set(wanted) - {row.id for row in rows})
        raise NoSuchInstance(f"there is no instance {missing[0]}", "im list  shows what there is")
    permit.on(row.owner for row in rows)
    return rows


def _change(
    ctx: Context,
    ids: Sequence[str],
    decide: Callable[[Instance, datetime], Intent],
    permit: Permit,
    task: Task,
    kind: EventKind,
) -> Answer:
    """All or nothing: one refusal, and no row of this request changes."""
    wanted, actor = list(dict.fromkeys(ids)), permit.actor
    with limits.asking_for_prices(ctx), ctx.storing() as connection:
        before = _lock(connection, wanted, permit)
        now = ctx.clock(connection)
        intents = {row.id: decide(row, now) for row in before}
        for row in before:
            if intents[row.id].relaunch:
                spec = placement.at(row.spec, 0)
                token = _open_launch(connection, scopes.ensure(connection, row.scope), spec, [row.id], [row.name], now)
                launches.move(connection, token, [row.id], spec, 0, None, None, now)
        after = requests.write_intents(connection, intents, actor.name, now)
        story = (_event(old, new, actor, kind, now) for old, new in zip(before, after, strict=True))
        events.record(connection, story)
        limits.enforce(connection, before, after, now)
        reach(Point.REQUEST_WRITTEN, task)
    reach(Point.REQUEST_COMMITTED, task)
    rang = ctx.queue.ring(task, wanted, label=_label(after))
    ring_hints(ctx, after, now)
    reach(Point.REQUEST_RUNG, task)
    return Answer(tuple(Change(b, a) for b, a in zip(before, after, strict=True)), now, rang)


def _event(old: Instance, new: Instance, actor: Actor, kind: EventKind, now: datetime) -> Event:
    moved = old.expires_at != new.expires_at
    parts = [f"deadline {old.expires_at:%Y-%m-%d %H:%M:%S} → {new.expires_at:%Y-%m-%d %H:%M:%S} UTC"] if moved else []
    if old.desired is not new.desired:
        parts.append(f"{old.desired} → {new.desired}")
    return actor.did(kind, new.id, now, ", ".join(parts) or f"stays {new.desired}", new.generation)
