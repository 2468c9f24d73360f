"""Guards are set, moved and taken away by reconcile, as part of its work on a scope."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from im.db import events, guards, rate_limits
from im.db.guards import Task
from im.domain.event import Channel, Event, EventKind
from im.domain.guard import ends
from im.domain.lifecycle import backoff
from im.domain.state import OnExpiry
from im.logs import log
from im.providers import errors
from im.providers.errors import ProviderError
from im.providers.features import DeadlineGuard, Guarded
from im.providers.machine import machine_of
from im.queue.tasks import Task as Doorbell
from im.services.batches import Batch, Transaction, drive

if TYPE_CHECKING:
    from datetime import datetime

    from im.context import Context
    from im.services.scope_run import ScopeRun

_LEASE = timedelta(seconds=120)
BATCH = 50
"""Guards in one batch: a cloud takes one call for each, and the bucket counts batches."""

Failed = Mapping[str, ProviderError]
"""By machine."""


def ring_for_guards(ctx: Context) -> None:
    """Ring where a guard differs from what it should be."""
    with ctx.begin() as connection:
        numbers = guards.scopes_waiting(connection, ctx.clock(connection))
    if numbers:
        ctx.queue.ring(Doorbell.GUARD, [str(number) for number in numbers])


def drive_guards(run: ScopeRun) -> list[str]:
    """Bring every guard of the scope up to its deadline."""
    guard = run.provider.deadline_guard
    return [] if guard is None else drive(run.ctx, _Guards(run, guard))


@dataclass(frozen=True, slots=True)
class _Guards:
    run: ScopeRun
    guard: DeadlineGuard

    def claim(self, tx: Transaction, owner: str) -> Batch[Task] | None:
        number, rates = self.run.scope_id, self.run.provider.capabilities.rates
        now = self.run.ctx.clock(tx.connection)
        if not guards.scopes_waiting(tx.connection, now):
            return None
        if rate_limits.take(tx.connection, number, "guard", rates.get("guard"), now):
            return None  # the next tick rings again
        ahead = self.run.provider.capabilities.guard_ahead
        tasks = guards.claim(tx.connection, number, now, _LEASE, BATCH, owner, ahead)
        return Batch(owner, tasks, now, more=True) if tasks else None

    def call(self, batch: Batch[Task]) -> Failed:
        wanted = {machine_of(task.row): Guarded(task.at, self._ends(task.row.on_expiry)) for task in batch.rows}
        return self.guard.set(self.run.scope, wanted)

    def _ends(self, what: OnExpiry) -> OnExpiry:
        return ends(what, terminates=self.run.provider.capabilities.guard_terminates)

    def failed(self, batch: Batch[Task], error: ProviderError) -> Failed:
        return {machine_of(task.row).id: error for task in batch.rows}

    def apply(self, tx: Transaction, batch: Batch[Task], failed: Failed) -> list[str]:
        now = self.run.ctx.clock(tx.connection)
        done = [task for task in batch.rows if task.row.provider_id not in failed]
        mine = guards.confirm(tx.connection, batch.owner, done)
        story = [_moved(task, self._ends(task.row.on_expiry), now) for task in done if task.row.id in mine]
        for task in batch.rows:
            error = failed.get(task.row.provider_id or "")
            if error is None:
                continue
            again_at = now + backoff(task.attempts, error.retry_after)
            sure = not isinstance(error, errors.Ambiguous | errors.Unknown)
            guards.fail(tx.connection, batch.owner, task, error.code, error.message, again_at, sure=sure)
            if task.attempts == 1:
                because = f"{error.code}: {error.message}"
                story.append(
                    Event(task.row.id, now, EventKind.GUARD_REFUSED, Channel.CLOUD, because, task.row.generation)
                )
        events.record(tx.connection, story)
        if failed:
            log.error(
                "guards are not as they should be",
                scope=str(self.run.scope),
                count=len(failed),
                error=next(iter(failed.values())).message,
            )
        return [f"{task.row.name}: guard {'set' if task.at else 'taken away'}" for task in done]


def _moved(task: Task, what: OnExpiry, now: datetime) -> Event:
    if task.at is None:
        return Event(
            task.row.id, now, EventKind.GUARD_REMOVED, Channel.IM, "nothing runs that it could end", task.row.generation
        )
    kind = EventKind.GUARD_MOVED if task.guard.told_at else EventKind.GUARD_SET
    because = f"the cloud {what.does} it at {task.at:%Y-%m-%d %H:%M:%S} UTC by itself, whatever becomes of im"
    return Event(task.row.id, now, kind, Channel.IM, because, task.row.generation)
