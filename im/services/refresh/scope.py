"""refresh: the cloud is asked what there is; facts are written, drift is judged, what is unsettled is rung for again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from im.db import scopes, shards
from im.db.instances.observations import REST
from im.logs import log
from im.providers.errors import ProviderError, Unauthenticated
from im.queue.periods import REFRESH_EVERY
from im.queue.tasks import Task
from im.scope_threads import Lane
from im.services.reconcile import disks, refusal
from im.services.reconcile.labels import drive_names
from im.services.reconcile.replacements import replace_lost
from im.services.refresh import listing, orphans
from im.services.refresh.tick import _SLOT, _place

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from im.context import Context
    from im.domain.scope import Scope

_UNSEEN_AFTER = timedelta(seconds=2.5 * REFRESH_EVERY)


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
    begun = listing.begin(ctx, number, zone, _SLOT)
    if begun is None:
        return "nothing to do"
    began_at, awaited, depth = begun
    look = listing.Look(ctx, provider, scope, number, zone, began_at, awaited, depth)
    try:
        look.go()
    except Unauthenticated as exc:
        listing.leave(ctx, number, zone, began_at)
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
        ctx.queue.ring(Task.REFRESH_SCOPE, [listing.shard(number, zone)], label=_place(scope, zone))
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
