"""refresh: the cloud is asked what there is; facts are written, drift is judged, what is unsettled is rung for again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from im.db import scopes, shards
from im.db.instances.observations import REST
from im.domain.sighting import Listed
from im.logs import log
from im.providers.errors import ProviderError, Unauthenticated
from im.queue.periods import REFRESH_EVERY
from im.queue.tasks import Task
from im.scope_threads import Lane
from im.services.health import mark
from im.services.reconcile import disks, refusal
from im.services.reconcile.labels import drive_names
from im.services.reconcile.replacements import replace_lost
from im.services.refresh import listing, orphans
from im.services.refresh.tick import _SLOT, _place
from im.services.scope_run import ScopeRun, run_in

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from im.context import Context

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


def refresh_scope(ctx: Context, scope_id: int, zone: str = "") -> str:
    """Look at one scope, or one zone of it, and write what changed. A look that fails or is cut short proves no absence."""
    run = run_in(ctx, scope_id)
    if run is None:
        return "nothing to do"
    # another account's listing would show every machine of ours as missing
    if (trouble := refusal.refused(run)) is not None:
        return _left_to_others(run, zone, trouble)
    look = listing.begin(run, zone, _SLOT)
    if look is None:
        return "nothing to do"
    try:
        look.read()
    except Unauthenticated as exc:
        look.give_back()
        refusal.step_aside(run, exc)
        return _left_to_others(run, zone, exc)
    except ProviderError as exc:
        with ctx.begin() as connection:
            _report(run, connection, zone, Listed(look.began_at, exc.code, exc.message))
        log.error(
            "a scope cannot be seen; its facts stay as they were",
            scope=str(run.scope),
            code=exc.code,
            error=exc.message,
        )
        return f"{run.scope}: cannot be seen ({exc.code})"
    if zone in ("", REST):
        acts = mark.keep(run, look.marks)
        if acts:
            drive_names(run)
        orphans.look_for_orphans(run)
        if acts:
            replace_lost(run)
        disks.learn_sizes(run)
    with ctx.begin() as connection:
        listed = Listed(look.began_at, clock_skew=look.skew)
        if not look.complete:
            listed = replace(listed, error_code="incomplete", error="the listing was cut short")
        if _report(run, connection, zone, listed) and look.complete:
            refusal.over(run, connection, ctx.clock(connection))
    return f"{_place(run.scope, zone)}: {look.seen} seen, {look.changed} changed"


def _left_to_others(run: ScopeRun, zone: str, trouble: ProviderError) -> str:
    """This worker cannot see the scope. The scope is unseen only when no other worker has seen it for a while either."""
    if refusal.pass_on(run):
        run.ctx.queue.ring(Task.REFRESH_SCOPE, [listing.shard(run.scope_id, zone)], label=_place(run.scope, zone))
    with run.ctx.begin() as connection:
        now, seen_at = run.ctx.clock(connection), scopes.seen_at(connection, run.scope_id)
        if seen_at is None or now - seen_at >= _UNSEEN_AFTER:
            refused_at = refusal.since(run, now)
            since = max(refused_at, seen_at or refused_at)
            _report(run, connection, zone, Listed(since, trouble.code, trouble.message))
            log.error("a scope cannot be seen; its facts stay as they were", scope=str(run.scope), code=trouble.code)
    return f"{run.scope}: left to the other workers ({trouble.code})"


def _report(run: ScopeRun, connection: Connection, zone: str, listed: Listed) -> bool:
    """Was the scope unseen until now?"""
    if zone:
        return shards.report(connection, run.scope_id, zone, listed)
    return scopes.report(connection, run.scope_id, listed)
