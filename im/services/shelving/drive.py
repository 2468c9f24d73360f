"""The shelves of reconcile: snapshots are asked for and looked at, machines give way to them, and what is spent is deleted.

What may have been done is written down before it is asked for: a snapshot that may exist is looked for before it is asked
for again, and the row of a machine that may have been deleted is nobody else's until the cloud has shown which.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from im.db import events, rate_limits
from im.db.instances import shelf as kept
from im.domain.event import Channel, Event, EventKind
from im.domain.instance import Instance
from im.domain.shelf.snapshot import Made, Snapshot
from im.domain.shelf.table import ShelfStep, There, next_step, standing, there_of
from im.domain.state import Shelf
from im.failpoints import Point, reach
from im.providers.errors import ProviderError
from im.providers.features import Shelving
from im.queue.tasks import Task
from im.services.batches import Batch, Transaction, drive
from im.services.reconcile import refusal
from im.services.ring import RUSH
from im.services.shelving import calls, results
from im.services.shelving.calls import LEASE, Answer, Job

if TYPE_CHECKING:
    from im.services.scope_run import ScopeRun

AT_ONCE = 25
"""Snapshots in one batch: a cloud takes one call for each."""


def drive_shelves(run: ScopeRun) -> list[str]:
    """Everything that is to be done about snapshots of the scope now; one line for each."""
    shelving = run.provider.shelving
    if shelving is None:
        return []
    return drive(run.ctx, _Shelves(run, shelving), goes_on=lambda: not run.stands_aside)


@dataclass(frozen=True, slots=True)
class _Shelves:
    run: ScopeRun
    shelving: Shelving

    def claim(self, tx: Transaction, owner: str) -> Batch[Job] | None:
        run, connection = self.run, tx.connection
        now = run.ctx.clock(connection)
        found = kept.claim(connection, run.scope_id, now, LEASE, owner, AT_ONCE)
        if not found:
            return None
        looks = [pair for pair in found if next_step(standing(*pair)) in (ShelfStep.WATCH, ShelfStep.REST)]
        others = [pair for pair in found if pair not in looks]
        rate = run.provider.capabilities.rates.get("shelve")
        # one listing serves every look
        allowed, wait = rate_limits.taken(connection, run.scope_id, "shelve", rate, now, len(others) or 1, 1)
        now_done = [*looks, *others[:allowed]] if allowed else []
        for _, one in (pair for pair in found if pair not in now_done):
            kept.write(connection, one, lease_token=None, lease_until=None)
        if not allowed:
            tx.after_commit(partial(self._ring, [row for row, _ in found], wait))
            return None
        jobs = [_begin(tx, row, one, now) for row, one in now_done]
        events.record(connection, [event for job in jobs if (event := _sent(job, now)) is not None])
        for step in {job.step for job in jobs}:
            reach(Point.CLAIM_WRITTEN, step)
            tx.after_commit(partial(reach, Point.CLAIM_COMMITTED, step))
        return Batch(owner, jobs, now, more=len(found) == AT_ONCE or len(now_done) < len(found))

    def call(self, batch: Batch[Job]) -> Answer:
        answer = calls.ask(self.run, self.shelving, batch.owner, batch.rows)
        for step in {job.step for job in batch.rows}:
            reach(Point.CALL_ANSWERED, step)
        return answer

    def failed(self, batch: Batch[Job], error: ProviderError) -> Answer:
        return {job.key: calls.Told(error=error) for job in batch.rows}

    def apply(self, tx: Transaction, batch: Batch[Job], answer: Answer) -> list[str]:
        run, connection = self.run, tx.connection
        now = run.ctx.clock(connection)
        lines, soon = results.apply(tx, run, batch.owner, batch.rows, answer, now)
        for step in {job.step for job in batch.rows}:
            reach(Point.APPLY_WRITTEN, step)
            tx.after_commit(partial(reach, Point.APPLY_COMMITTED, step))
        for wait, rows in soon.items():
            tx.after_commit(partial(self._ring, rows, wait + RUSH))
        if (of_us := refusal.of_us([told.error for told in answer.values() if told.error])) is not None:
            tx.after_commit(partial(refusal.step_aside, run, of_us))
        return lines

    def _ring(self, rows: list[Instance], after: float) -> None:
        self.run.ctx.queue.ring(Task.STOP, [row.id for row in rows], label=rows[0].name, after=after)


def _begin(tx: Transaction, row: Instance, one: Snapshot, now: datetime) -> Job:
    """Write down what may be done from here on, before it is asked for."""
    step, first = next_step(standing(row, one)), row.shelf is not Shelf.LEAVING
    match step:
        case ShelfStep.SAVE:
            one = replace(one, made=Made.ASKED, asked_at=now, tries=one.tries + 1)
            kept.write(tx.connection, one, made=one.made.value, asked_at=now, tries=one.tries)
        case ShelfStep.REMOVE:
            kept.put(tx.connection, row.id, shelf=Shelf.LEAVING.value)
        case ShelfStep.DISCARD:
            if one.made is Made.KEPT and there_of(row) in (There.RUNS, There.RESTS):
                kept.put(tx.connection, row.id, shelf=Shelf.NONE.value)
            kept.write(tx.connection, one, made=Made.SPENT.value)
        case _:
            pass
    return Job(row, one, step, first)


def _sent(job: Job, now: datetime) -> Event | None:
    """The first time that something is asked for."""
    row, one = job.row, job.snapshot
    if one.attempts:
        return None
    told = {
        ShelfStep.SAVE: (EventKind.SNAPSHOT_SENT, f"of {one.machine}, which is to give way to it"),
        ShelfStep.REMOVE: (EventKind.SHELVE_SENT, f"the snapshot {one.provider_id} is complete; {one.machine} goes"),
    }
    if job.step not in told or (job.step is ShelfStep.REMOVE and not job.first):
        return None
    kind, reason = told[job.step]
    return Event(row.id, now, kind, Channel.IM, reason, row.generation)
