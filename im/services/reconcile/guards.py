"""Guards are set, moved and taken away by reconcile, as part of its work on a scope: claim → call → apply, in batches."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from im.db import events, guards, rate_limits
from im.db.guards import Task
from im.domain.event import Channel, Event, EventKind
from im.domain.lifecycle import backoff
from im.logs import log
from im.providers import errors
from im.providers.errors import ProviderError
from im.providers.features import DeadlineGuard, Guarded
from im.providers.machine import machine_of
from im.queue.tasks import Task as Doorbell

if TYPE_CHECKING:
    from datetime import datetime

    from im.context import Context
    from im.services.scope_run import ScopeRun

_LEASE = timedelta(seconds=120)
BATCH = 50
"""Guards in one batch: a cloud takes one call for each, and the bucket counts batches."""


def ring_for_guards(ctx: Context) -> None:
    """With the refresh tick: ring where a guard differs from what it should be."""
    with ctx.begin() as connection:
        numbers = guards.scopes_waiting(connection, ctx.clock(connection))
    if numbers:
        ctx.queue.ring(Doorbell.GUARD, [str(number) for number in numbers])


def drive_guards(run: ScopeRun) -> list[str]:
    """Bring every guard of the scope up to its deadline."""
    if run.provider.deadline_guard is None:
        return []
    told: list[str] = []
    while True:
        owner = str(uuid.uuid4())
        with run.ctx.begin() as connection:
            now = run.ctx.clock(connection)
            if not guards.scopes_waiting(connection, now):
                return told
            if rate_limits.take(connection, run.scope_id, "guard", run.provider.capabilities.rates.get("guard"), now):
                return told  # the next tick rings again
            tasks = guards.claim(connection, run.scope_id, now, _LEASE, BATCH, owner)
        if not tasks:
            return told
        told += _tell(run, run.provider.deadline_guard, tasks, owner)


def _tell(run: ScopeRun, guard: DeadlineGuard, tasks: list[Task], owner: str) -> list[str]:
    asked = {machine_of(task.row): Guarded(task.at, task.row.on_expiry) for task in tasks}
    try:
        failed: Mapping[str, ProviderError] = guard.set(run.scope, asked)
    except ProviderError as exc:
        failed = {one.id: exc for one in asked}
    with run.ctx.begin() as connection:
        now = run.ctx.clock(connection)
        done = [task for task in tasks if task.row.provider_id not in failed]
        mine = guards.told(connection, owner, done)
        story = [_told(task, now) for task in done if task.row.id in mine]
        for task in tasks:
            refusal = failed.get(task.row.provider_id or "")
            if refusal is None:
                continue
            again_at = now + backoff(task.attempts, refusal.retry_after)
            sure = not isinstance(refusal, errors.Ambiguous | errors.Unknown)
            guards.refused(connection, owner, task, refusal.code, refusal.message, again_at, sure=sure)
            if task.attempts == 1:
                because = f"{refusal.code}: {refusal.message}"
                story.append(
                    Event(task.row.id, now, EventKind.GUARD_REFUSED, Channel.CLOUD, because, task.row.generation)
                )
        events.record(connection, story)
    if failed:
        log.error("guards are not as they should be", scope=str(run.scope), count=len(failed), error=_first(failed))
    return [f"{task.row.name}: guard {'set' if task.at else 'taken away'}" for task in done]


def _told(task: Task, now: datetime) -> Event:
    if task.at is None:
        return Event(
            task.row.id, now, EventKind.GUARD_REMOVED, Channel.IM, "nothing runs that it could end", task.row.generation
        )
    kind = EventKind.GUARD_MOVED if task.guard.told_at else EventKind.GUARD_SET
    verb = "stops" if task.row.on_expiry == "stop" else "terminates"
    because = f"the cloud {verb} it at {task.at:%Y-%m-%d %H:%M:%S} UTC by itself, whatever becomes of im"
    return Event(task.row.id, now, kind, Channel.IM, because, task.row.generation)


def _first(failed: Mapping[str, ProviderError]) -> str:
    return next(iter(failed.values())).message
