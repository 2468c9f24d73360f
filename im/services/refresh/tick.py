"""The refresh tick: every scope in use is rung for, and whatever waits for nobody."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from im.db import leftovers, scopes, shards, ticks, user_data
from im.db.instances import claims, protection, shelf, spot
from im.db.read import health
from im.failpoints import Point, reach
from im.queue.periods import REFRESH_EVERY
from im.queue.tasks import Task
from im.services import history
from im.services.health import alarms, durations
from im.services.maintenance import WITH_EACH_TICK, Job, run_due
from im.services.money import prices
from im.services.reconcile.guards import ring_for_guards
from im.services.refresh import listing, orphans
from im.services.ring import ring_by_verb
from im.services.webhooks import planned

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from im.context import Context
    from im.domain.scope import Scope


_SLOT = REFRESH_EVERY / 2
_UNSETTLED_AT_ONCE = 5000

_WAITING: Mapping[Task, Callable[[Connection, datetime, int], Sequence[str]]] = {
    Task.PROTECT: protection.waiting,
    Task.TERMINATE: spot.waiting,
    Task.STOP: shelf.waiting,
}
"""Rows, by id, that wait for reconcile although they may be settled, and what rings for them."""
_JOBS = (
    Job("prices", prices.PRICES_EVERY, prices.ring_for_prices),
    Job("prune", history.PRUNE_EVERY, history.ring_for_pruning),
    Job("guards", WITH_EACH_TICK, ring_for_guards),
    Job("alarm", alarms.EVERY, alarms.sound),
    Job("webhooks", WITH_EACH_TICK, planned.plan_deadlines),
    Job("webhook-budgets", planned.BUDGETS_EVERY, planned.plan_budgets),
    Job("usage", prices.USAGE_EVERY, prices.note_forgotten_usage),
)
"""Last what may take long."""


def refresh(ctx: Context) -> str:
    """The tick: ring for each scope in use, and again for whatever is unsettled and waits for nobody."""
    with ctx.begin() as connection:
        now = ctx.clock(connection)
        claimed = ticks.claim_after(connection, {"refresh": _SLOT}, now)
        if not claimed:
            return "another beat's tick did this"
        numbers = sorted({*health.in_use(connection), *orphans.due(connection, now)})
        places = [(n, scopes.read(connection, n)) for n in numbers]
        split = shards.zones_of(connection, numbers)
        shards.keep(connection, split)
        unsettled = claims.waiting(connection, now, _UNSETTLED_AT_ONCE)
        user_data.erase_spent(connection)
        sweeping = leftovers.pending(connection)
        waiting = {task: find(connection, now, _UNSETTLED_AT_ONCE) for task, find in _WAITING.items()}
    durations.tick("refresh", REFRESH_EVERY, claimed["refresh"])
    reach(Point.REFRESH_CLAIMED)
    for number, place in places:
        for zone in split.get(number, [""]):
            ctx.queue.ring(Task.REFRESH_SCOPE, [listing.shard(number, zone)], label=_place(place, zone))
    ring_by_verb(ctx, unsettled)
    if sweeping:
        ctx.queue.ring(Task.GC)
    for task, ids in waiting.items():
        if ids:
            ctx.queue.ring(task, ids)
    run_due(ctx, _JOBS)
    return f"{len(numbers)} scopes to look at, {len(unsettled)} instances rung for"


def _place(scope: Scope | None, zone: str) -> str:
    return f"{scope}/{zone}" if zone else str(scope)
