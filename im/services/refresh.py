"""refresh: the cloud is asked what there is; facts are written, drift is judged, what is unsettled is rung for again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from im.db import health, leftovers, protection, scopes, shards, spot, ticks, user_data, work
from im.db.watch import REST
from im.failpoints import Point, reach
from im.logs import log
from im.providers.errors import ProviderError, Unauthenticated
from im.queue.tasks import Task
from im.scope_threads import Lane
from im.services import alarm, disks, looking, orphans, refusal, retention
from im.services.enforce import ring_by_verb
from im.services.guarding import ring_for_guards
from im.services.naming import drive_names
from im.services.pricing import upkeep
from im.services.replacing import replace_lost

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from im.context import Context
    from im.domain.instance import Scope

TICK = 10.0
"""Seconds between two refreshes of every scope."""
_SLOT = TICK / 2
_UNSETTLED_AT_ONCE = 5000
_UNSEEN_AFTER = timedelta(seconds=2.5 * TICK)


def refresh(ctx: Context) -> str:
    """The tick: ring for each scope in use, and again for whatever is unsettled and waits for nobody."""
    with ctx.begin() as connection:
        now = ctx.clock(connection)
        if not ticks.claim(connection, "refresh", _SLOT, now):
            return "another beat's tick did this"
        numbers = sorted({*health.in_use(connection), *orphans.due(connection, now)})
        places = [(n, scopes.read(connection, n)) for n in numbers]
        split = shards.zones_of(connection, numbers)
        shards.keep(connection, split)
        waiting = work.waiting(connection, now, _UNSETTLED_AT_ONCE)
        user_data.erase_spent(connection)
        sweeping = leftovers.pending(connection)
        unguarded = protection.waiting(connection, now, _UNSETTLED_AT_ONCE)
        spent = spot.waiting(connection, now, _UNSETTLED_AT_ONCE)
    reach(Point.REFRESH_CLAIMED)
    for number, place in places:
        for zone in split.get(number, [""]):
            ctx.queue.ring(Task.REFRESH_SCOPE, [looking.shard(number, zone)], label=_place(place, zone))
    ring_by_verb(ctx, waiting)
    if sweeping:
        ctx.queue.ring(Task.GC)
    if unguarded:
        ctx.queue.ring(Task.PROTECT, unguarded)
    if spent:
        ctx.queue.ring(Task.TERMINATE, spent)
    upkeep(ctx)
    retention.upkeep(ctx)
    ring_for_guards(ctx)
    alarm.sound(ctx)
    return f"{len(numbers)} scopes to look at, {len(waiting)} instances rung for"


def refresh_scopes(ctx: Context, shards: Sequence[tuple[int, str]]) -> str:
    """Look at these scopes, or zones of them, each in its own lane: none waits for another. Returns a sentence for people."""
    with ctx.begin() as connection:
        places = scopes.places(connection, [number for number, _ in shards])
    works = {
        Lane("refresh", _place(places[number], zone), f"{places[number].provider}/{places[number].account}"): partial(
            refresh_scope, ctx, number, zone
        )
        for number, zone in shards
        if number in places
    }
    done = ctx.lanes.run(works)
    later = [f"{lane.place} still waits for its cloud" for lane in works if lane not in done]
    return "; ".join([*done.values(), *later]) or "nothing to do"


def refresh_scope(ctx: Context, number: int, zone: str = "") -> str:
    """Look at one scope, or one zone of it, and write what changed. A look that fails or is cut short proves no absence."""
    with ctx.begin() as connection:
        scope = scopes.read(connection, number)
    if scope is None:
        return "nothing to do"
    provider = ctx.provider_for(scope)
    # another account's listing would show every machine of ours as missing
    if (trouble := refusal.refused(ctx, provider, scope, number)) is not None:
        return _left_to_others(ctx, scope, number, zone, trouble)
    begun = looking.begin(ctx, number, zone, _SLOT)
    if begun is None:
        return "nothing to do"
    began_at, awaited, depth = begun
    look = looking.Look(ctx, provider, scope, number, zone, began_at, awaited, depth)
    try:
        look.go()
    except Unauthenticated as exc:
        looking.leave(ctx, number, zone, began_at)
        refusal.step_aside(ctx, number, exc)
        return _left_to_others(ctx, scope, number, zone, exc)
    except ProviderError as exc:
        with ctx.begin() as connection:
            _report(connection, number, zone, began_at, error_code=exc.code, error=exc.message)
        log.error(
            "a scope cannot be seen; its facts stay as they were", scope=str(scope), code=exc.code, error=exc.message
        )
        return f"{scope}: cannot be seen ({exc.code})"
    if zone in ("", REST):
        drive_names(ctx, provider, scope, number)
        orphans.look_for_orphans(ctx, provider, scope, number)
        replace_lost(ctx, number)
        disks.learn_sizes(ctx, provider, scope, number)
    with ctx.begin() as connection:
        cut = {} if look.complete else {"error_code": "incomplete", "error": "the listing was cut short"}
        if _report(connection, number, zone, began_at, clock_skew=look.skew, **cut) and look.complete:
            refusal.over(ctx, connection, number, ctx.clock(connection))
    return f"{_place(scope, zone)}: {look.seen} seen, {look.changed} changed"


def _left_to_others(ctx: Context, scope: Scope, number: int, zone: str, trouble: ProviderError) -> str:
    """This worker cannot see the scope. The scope is unseen only when no other worker has seen it for a while either."""
    if refusal.pass_on(ctx, number):
        ctx.queue.ring(Task.REFRESH_SCOPE, [looking.shard(number, zone)], label=_place(scope, zone))
    with ctx.begin() as connection:
        now, seen_at = ctx.clock(connection), scopes.seen_at(connection, number)
        if seen_at is None or now - seen_at >= _UNSEEN_AFTER:
            refused_at = refusal.since(ctx, number, now)
            since = max(refused_at, seen_at or refused_at)
            _report(connection, number, zone, since, error_code=trouble.code, error=trouble.message)
            log.error("a scope cannot be seen; its facts stay as they were", scope=str(scope), code=trouble.code)
    return f"{scope}: left to the other workers ({trouble.code})"


def _report(connection: Connection, number: int, zone: str, began_at: datetime, **told: object) -> bool:
    """Was the scope unseen until now?"""
    if zone:
        return shards.report(connection, number, zone, began_at=began_at, **told)
    return scopes.report(connection, number, began_at=began_at, **told)  # type: ignore[arg-type]


def _place(scope: Scope | None, zone: str) -> str:
    return f"{scope}/{zone}" if zone else str(scope)
