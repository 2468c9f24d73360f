"""create: new rows and their launches, committed before anybody is rung."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from im.db import events, scopes
from im.db.instances import requests
from im.db.instances.spec import from_spec
from im.db.mapping import from_on_expiry
from im.db.read import instances as read_instances
from im.domain.access import Verb
from im.domain.event import EventKind
from im.domain.guard import GuardKind
from im.domain.input.duration import format_duration
from im.domain.money.unknown_price import PriceUnknown
from im.domain.spec.names import make_id, make_name, numbered
from im.domain.state import Desired, Observed, Why
from im.failpoints import Point, reach
from im.providers import registry
from im.queue.tasks import Task
from im.services import access
from im.services.requests import limits
from im.services.requests.anywhere import with_elsewhere
from im.services.requests.free_names import refuse_taken, write_free
from im.services.requests.launch_rows import _label, _open_launches, _random
from im.services.requests.order import Order, plan
from im.services.requests.result import Answer, Change
from im.services.ring import ring_hints

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from im.context import Context
    from im.domain.instance import Instance
    from im.domain.spec.plan import Plan
    from im.domain.spec.spec import Spec


def create(ctx: Context, order: Order) -> Answer:
    """Commit the wish for new machines and ring for their launch. Raises Refused (also for a name that is taken)."""
    access.ask(order.actor, Verb.CREATE).on([order.ask.owner])
    planned = with_elsewhere(ctx.settings, order, plan(ctx.settings, order))

    def write(crowded: bool) -> tuple[list[Instance], datetime]:
        names = planned.names or numbered(make_name(_random, crowded=crowded), order.count)
        with limits.asking_for_prices(ctx), ctx.storing() as connection:
            now = ctx.clock(connection)
            rows = _insert(connection, planned, names, order, now)
            limits.enforce(connection, [None] * len(rows), rows, now)
            reach(Point.REQUEST_WRITTEN, Task.CREATE)
        return rows, now

    rows, now = write_free(write, partial(refuse_taken, ctx, planned.names))
    reach(Point.REQUEST_COMMITTED, Task.CREATE)
    rang = ctx.queue.ring(Task.CREATE, [r.id for r in rows], label=_label(rows))
    ring_hints(ctx, rows, now)
    reach(Point.REQUEST_RUNG, Task.CREATE)
    return Answer(tuple(Change(None, r) for r in rows), now, rang)


def rehearse(ctx: Context, order: Order) -> None:
    """Raises OverLimit where `create` would: it is written, and taken back. For an unknown price the request itself waits."""
    access.ask(order.actor, Verb.CREATE).on([order.ask.owner])
    if not limits.there_are(ctx):
        return
    planned = with_elsewhere(ctx.settings, order, plan(ctx.settings, order))
    names = [
        make_name(_random, crowded=True) for _ in range(order.count)
    ]  # another's name is not what is asked about here
    with suppress(_TakenBack, PriceUnknown), ctx.begin() as connection:
        now = ctx.clock(connection)
        rows = _insert(connection, planned, names, order, now)
        limits.enforce(connection, [None] * len(rows), rows, now)
        raise _TakenBack


class _TakenBack(Exception):
    """Ends a transaction that is only tried."""


def _insert(connection: Connection, planned: Plan, names: Sequence[str], order: Order, now: datetime) -> list[Instance]:
    number = scopes.ensure(connection, planned.scope)
    expires_at = order.deadline.after(now)
    ids = [make_id(_random) for _ in names]
    spec = _without_user_data(connection, planned.spec, now)
    tokens = _open_launches(connection, number, spec, ids, names, now)
    shared: dict[str, Any] = {
        "owner": order.ask.owner,
        "scope_id": number,
        "spec": from_spec(spec),
        "created_at": now,
        "desired": Desired.RUNNING.value,
        "why": Why.USER.value,
        "by": order.actor.name,
        "expires_at": expires_at,
        **from_on_expiry(planned.on_expiry),
        "keep_stopped": int(planned.keep_stopped.total_seconds()) if planned.keep_stopped else None,
        "protected": planned.protect,
        "generation": 1,
        "observed": Observed.NONE.value,
        "observed_at": now,
        "zone": planned.spec.zone,
    }
    slots = zip(ids, names, tokens, strict=True)
    requests.add(connection, [{**shared, "id": i, "name": n, "launch_token": t} for i, n, t in slots])
    if planned.guard is not GuardKind.NONE:
        from im.db import guards

        ahead = registry.capabilities(planned.scope.provider).guard_ahead
        guards.add(connection, ids, planned.guard, planned.grace, ahead)
    rows = read_instances.read(connection, ids)
    told = f"{planned.spec.instance_type} in {planned.spec.zone or planned.scope.region}, until {expires_at:%Y-%m-%d %H:%M:%S} UTC"
    if planned.keep_stopped is not None:
        told += f", then kept stopped for {format_duration(planned.keep_stopped)} and terminated"
    if planned.protect:
        told += ", protected"
    events.record(connection, (order.actor.did(EventKind.CREATE_REQUESTED, r.id, now, told, 1) for r in rows))
    return rows


def _without_user_data(connection: Connection, spec: Spec, now: datetime) -> Spec:
    if spec.user_data is None:
        return spec
    from im.db import user_data

    return user_data.keep(connection, spec, now)
