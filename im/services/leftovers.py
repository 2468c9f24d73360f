"""gc: what of ours lies at the clouds and nothing uses, found and taken away by a worker, after a person has said so.

People ask (a row, then the doorbell); a worker looks and writes down what it found; people say what may go; a worker looks again
and takes away what still nothing uses: no living row, no open launch, no machine at the cloud.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from im.db import leftovers, scopes
from im.db.instances import shelf
from im.db.people import audit
from im.domain.access import Actor, Verb
from im.domain.leftover import Leftover, Survey
from im.domain.scope import Scope
from im.logs import log
from im.providers.errors import ProviderError, Transient, Unauthenticated
from im.providers.features import Resource
from im.queue.tasks import Task
from im.scope_threads import lane_of
from im.services import access
from im.services.health import mark
from im.services.reconcile import refusal
from im.services.scope_run import ScopeRun
from im.services.shelving.leftovers import cleanup_of

if TYPE_CHECKING:
    from im.context import Context

_OTHERS_MAY = timedelta(seconds=15)
"""For so long a question waits for a worker that the cloud knows, before it is answered by one that it does not."""


def ask(ctx: Context) -> None:
    """Have every scope looked at that ever was in use."""
    with ctx.begin() as connection:
        leftovers.ask(connection, scopes.known(connection), ctx.clock(connection))
    ctx.queue.ring(Task.GC)


def survey(ctx: Context) -> Survey:
    with ctx.begin() as connection:
        found = tuple(leftovers.everything(connection))
        return Survey(found, leftovers.troubles(connection), len(leftovers.pending(connection)))


def approve_deletion(ctx: Context, things: Sequence[Leftover], *, actor: Actor) -> None:
    """Mark these for deletion, which a worker does."""
    access.ask(actor, Verb.CLEAN_UP)
    with ctx.begin() as connection:
        now = ctx.clock(connection)
        leftovers.approve_deletion(connection, things, actor.name, now)
        for thing in things:
            audit.record(connection, actor, "deletion approved", thing.id, f"{thing.kind} {thing.name}", now)
    ctx.queue.ring(Task.GC)


def collect(ctx: Context) -> str:
    """Answer every open question and take away what may go. Returns a sentence for people."""
    with ctx.begin() as connection:
        places = scopes.places(connection, leftovers.pending(connection))
    works = {lane_of("gc", where): partial(_collect_in, ctx, number, where) for number, where in places.items()}
    return "; ".join(ctx.lanes.run(works).values()) or "nothing to do"


def _collect_in(ctx: Context, scope_id: int, scope: Scope) -> str:
    run = ScopeRun(ctx, ctx.provider_for(scope), scope, scope_id)
    if (trouble := refusal.refused(run)) is not None:
        return _left_to_others(run, trouble)
    with run.ctx.begin() as connection:
        asked = leftovers.asked_at(connection, run.scope_id)
        approved = leftovers.approved(connection, run.scope_id)
    try:
        if asked is not None:
            _answer(run, asked)
        if not approved or mark.held_back(run):
            return f"{run.scope}: looked at"
        return f"{run.scope}: {_sweep(run, approved)} taken away"
    except Unauthenticated as exc:
        refusal.step_aside(run, exc)
        return _left_to_others(run, exc)


def _left_to_others(run: ScopeRun, trouble: ProviderError) -> str:
    """What may go waits for a worker that the cloud knows; a question does so for a while, then the trouble is the answer."""
    if refusal.pass_on(run):
        run.ctx.queue.ring(Task.GC)
    with run.ctx.begin() as connection:
        now, asked = run.ctx.clock(connection), leftovers.asked_at(connection, run.scope_id)
        if asked is not None and now - asked >= _OTHERS_MAY:
            leftovers.answer(connection, run.scope_id, asked, [], trouble.message, now)
    return f"{run.scope}: left to the other workers ({trouble.code})"


def _answer(run: ScopeRun, asked: datetime) -> None:
    """Write what lies unused, or why that cannot be told. Raises Unauthenticated, which is no answer."""
    error: str | None = None
    try:
        found = _unused(run)
    except Unauthenticated:
        raise
    except ProviderError as exc:
        found, error = [], exc.message
    with run.ctx.begin() as connection:
        rows = [{"provider_id": o.id, "kind": o.kind, "name": o.name, "detail": o.detail} for o in found]
        leftovers.answer(connection, run.scope_id, asked, rows, error, run.ctx.clock(connection))


def _unused(run: ScopeRun) -> list[Resource]:
    """What nothing uses. Looked at first, asked of the rows afterwards: a wish that comes in between is seen."""
    cleanup = cleanup_of(run.provider)
    if cleanup is None:
        return []
    things = [one for one in cleanup.found(run.scope) if not one.used]
    with run.ctx.begin() as connection:
        kept = shelf.names_in_use(connection, run.scope_id)
        needed = kept | {
            name for spec in leftovers.specs_in_use(connection, run.scope_id) for name in cleanup.needed_by(spec)
        }
    return [one for one in things if one.name not in needed]


def _sweep(run: ScopeRun, approved: Sequence[Leftover]) -> int:
    """Take away what is still unused; returns how many are gone. What a launch needs meanwhile is made anew by the launch.

    Raises Unauthenticated; what is left waits for another worker.
    """
    try:
        unused = {one.id: one for one in _unused(run)}
        cleanup = cleanup_of(run.provider)
        there = {one.id for one in cleanup.found(run.scope)} if cleanup else set()
        going = [unused[one.id] for one in approved if one.id in unused]
        failed = cleanup.discard(run.scope, going) if cleanup else {}
    except Unauthenticated:
        raise
    except ProviderError as exc:
        if isinstance(exc, Transient):
            log.warning("leftovers are taken away later", scope=str(run.scope), error=exc.message)
            return 0
        unused, there, failed = {}, {one.id for one in approved}, {one.id: exc for one in approved}
    with run.ctx.begin() as connection:
        gone = []
        for one in approved:
            if one.id in failed:
                if not isinstance(failed[one.id], Transient | Unauthenticated):
                    leftovers.spare(connection, run.scope_id, one.id, failed[one.id].message)
            elif one.id in there and one.id not in unused:
                leftovers.spare(connection, run.scope_id, one.id, "it is in use again")
            else:
                gone.append(one.id)
        leftovers.close(connection, run.scope_id, gone, run.ctx.clock(connection))
    if (of_us := refusal.of_us([*failed.values()])) is not None:
        raise of_us
    return len(gone)
