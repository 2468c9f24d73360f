"""The steps of reconcile: machines are stopped, terminated, started, or looked at where an answer is owed, in batches.

The claim writes the intent of the step, and the outcome counts only for rows whose lease is still ours. What to do follows from
the rows: an instance id in a message only says where to look, and all due siblings of the same scope and step go into one call.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from im.counted import OK, OUTCOMES
from im.db import events
from im.db.instances import claims
from im.db.instances.claims import Outcome
from im.db.instances.waiting import OF_THE_SCOPE
from im.domain.event import Channel, Event, EventKind
from im.domain.instance import Instance
from im.domain.lifecycle import MAX_ATTEMPTS, Step
from im.domain.state import Observed
from im.failpoints import Point, reach
from im.logs import log
from im.providers import errors
from im.providers.contract import BatchResult
from im.providers.errors import ProviderError
from im.providers.machine import Machine, machine_of
from im.queue.tasks import DEADLINES
from im.services.batches import Batch, Transaction, drive, unexpected
from im.services.health import durations
from im.services.health.durations import Change
from im.services.reconcile import failed_launch, rate_limits, refusal, spot_requests
from im.services.reconcile.dearest import dearest_first
from im.services.reconcile.outcome import outcome_of
from im.services.reconcile.report import line, sent, story, worth_telling
from im.services.ring import ring_by_verb, ring_when_due

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from im.services.scope_run import ScopeRun


def drive_step(run: ScopeRun, step: Step) -> list[str]:
    """Every row of the scope that is due for this step; one line for each."""
    return drive(run.ctx, _Steps(run, step), goes_on=lambda: not run.stands_aside)


@dataclass(frozen=True, slots=True)
class _CallOptions:
    """What a call has to know of some of its machines: which keep their memory, and behind which a spot request stands."""

    hibernate: Collection[str]
    spot: Collection[Machine]


@dataclass(frozen=True, slots=True)
class _Steps:
    """One step in one scope."""

    run: ScopeRun
    step: Step

    def claim(self, tx: Transaction, owner: str) -> Batch[Instance] | None:
        """Lease a batch, if the fleet may make this call now; else the rows wait for the next doorbell or tick."""
        run, step, limit = self.run, self.step, self.run.ctx.settings.batch
        now = run.ctx.clock(tx.connection)
        found = claims.ready(tx.connection, run.scope_id, step, now, limit)
        rows = _park_poisoned(tx.connection, found, step, now)
        allowed, wait = rate_limits.take(tx.connection, run.provider, run.scope_id, step, len(rows), now)
        if wait:
            # what ends machines goes on where a process is kept free for it, and before whom no listing and no look stands
            to = DEADLINES if step in (Step.STOP, Step.TERMINATE) else None
            tx.after_commit(partial(ring_by_verb, run.ctx, rows, after=wait, to=to))
            return None
        if not allowed or not rows:
            return None
        if allowed < len(rows):
            rows = dearest_first(tx.connection, rows, now)[:allowed]
        span = timedelta(seconds=run.ctx.settings.step_lease)
        claims.lease(tx.connection, [row.id for row in rows], step, now, span, owner)
        if step is not Step.LOOK:
            events.record(tx.connection, (sent(row, step, now) for row in rows if worth_telling(row.attempts)))
        reach(Point.CLAIM_WRITTEN, step)
        tx.after_commit(lambda: reach(Point.CLAIM_COMMITTED, step))
        return Batch(owner, rows, now, more=len(found) == limit or len(rows) < len(found))

    def call(self, batch: Batch[Instance]) -> BatchResult:
        machines = [machine_of(row) for row in batch.rows if row.provider_id]
        asleep = {row.provider_id for row in batch.rows if row.provider_id and row.spec.hibernate}
        options = _CallOptions(asleep, spot_requests.spot_machines(batch.rows))
        result = _call(self.run, self.step, machines, options)
        if self.step is Step.LOOK:
            result = failed_launch.cleared(self.run, batch.rows, result)
        reach(Point.CALL_ANSWERED, self.step)
        return result

    def failed(self, batch: Batch[Instance], error: ProviderError) -> BatchResult:
        return BatchResult(failed={row.provider_id: error for row in batch.rows if row.provider_id})

    def apply(self, tx: Transaction, batch: Batch[Instance], result: BatchResult) -> list[str]:
        run, step, connection = self.run, self.step, tx.connection
        now = run.ctx.clock(connection)
        lost = failed_launch.among(batch.rows, result.done)
        moved = failed_launch.take_back(connection, run.scope_id, lost, now)
        rows = [row for row in batch.rows if row.id not in lost]
        outcomes = [outcome_of(row, step, result, batch.claimed_at, now) for row in rows]
        applied = claims.apply(connection, batch.owner, step, outcomes, now)
        mine = [(row, applied[row.id], o) for row, o in zip(rows, outcomes, strict=True) if row.id in applied]
        events.record(connection, story(mine, now))
        changes = [Change(row, o.seen.state, o.seen.changed_at or now) for row, _, o in mine if o.seen is not None]
        tx.after_commit(durations.learned(connection, changes, now))
        tx.after_commit(partial(_count, step, [o for _, _, o in mine]))
        late = [row for row in rows if row.id not in applied]
        repaired = _repair(connection, late, step, result, now) if late and step is not Step.LOOK else []
        if any(o.seen is not None and row.error_code in OF_THE_SCOPE for row, _, o in mine):
            refusal.over(run, connection, now)
        reach(Point.APPLY_WRITTEN, step)
        tx.after_commit(lambda: reach(Point.APPLY_COMMITTED, step))
        if (of_us := refusal.of_us([*result.failed.values()])) is not None:
            tx.after_commit(partial(refusal.step_aside, run, of_us))
        tx.after_commit(partial(ring_when_due, run.ctx, [new for _, new, _ in mine], now))
        tx.after_commit(partial(ring_by_verb, run.ctx, [*repaired, *moved]))
        return [line(old, new, step, now) for old, new, _ in mine]


def _count(step: Step, outcomes: Sequence[Outcome]) -> None:
    for one in outcomes:
        done = one.seen is not None and one.fall is None
        OUTCOMES.add(step.value, OK if done else one.error_code or "unseen")


def _park_poisoned(connection: Connection, rows: list[Instance], step: Step, now: datetime) -> list[Instance]:
    """The rows without those that kill their worker: a start that was claimed again and again and never brought an answer, not
    even a refusal, is parked.

    Stops and terminates are never given up: a worker lost is cheaper than a machine forgotten.
    """
    parked = [
        row for row in rows if step is Step.START and row.attempts >= MAX_ATTEMPTS and step in row.uncertain_steps
    ]
    if parked:
        told = f"{MAX_ATTEMPTS} workers took it up and none came back"
        claims.park(connection, [row.id for row in parked], "poison", told)
        events.record(connection, (Event(r.id, now, EventKind.PARKED, Channel.IM, told, r.generation) for r in parked))
    return [row for row in rows if row not in parked]


def _call(run: ScopeRun, step: Step, machines: Sequence[Machine], options: _CallOptions) -> BatchResult:
    reach(Point.CALL_BEGUN, step)
    provider, scope = run.provider, run.scope
    try:
        match step:
            case Step.START:
                result = provider.start(scope, machines)
            case Step.STOP if options.hibernate:
                result = provider.stop(scope, machines, hibernate=options.hibernate)
            case Step.STOP:
                result = provider.stop(scope, machines)
            case Step.TERMINATE:
                result = spot_requests.terminate(provider, scope, machines, options.spot)
            case _:
                return BatchResult(done=provider.describe(scope, machines))
        return _look_at_refused(run, machines, _dated(run, machines, result))
    except ProviderError as exc:
        return BatchResult(failed={one.id: exc for one in machines})
    except Exception as exc:
        return _bisect(run, step, machines, options, exc)


def _bisect(
    run: ScopeRun, step: Step, machines: Sequence[Machine], options: _CallOptions, exc: Exception
) -> BatchResult:
    """A fault of ours, not of the cloud. The id it hangs on is found by halving, and parked with what was raised."""
    ids = [one.id for one in machines]
    log.exception("unexpected error in a provider", step=step.value, scope=str(run.scope), ids=ids[:5])
    if len(ids) == 1:
        return BatchResult(failed={ids[0]: unexpected(exc)})
    half = len(machines) // 2
    first, second = (_call(run, step, part, options) for part in (machines[:half], machines[half:]))
    return BatchResult({**first.done, **second.done}, {**first.failed, **second.failed})


_OVER = (Observed.STOPPED, Observed.TERMINATED)


def _dated(run: ScopeRun, machines: Sequence[Machine], result: BatchResult) -> BatchResult:
    """What had stopped or ended before this answer came is looked at: the answer bears no date, and until that day it is billed."""
    undated = {i for i, seen in result.done.items() if seen.state in _OVER and seen.changed_at is None}
    over = [one for one in machines if one.id in undated]
    if not over:
        return result
    try:
        shown = run.provider.describe(run.scope, over)
    except ProviderError:
        return result
    same = {i: seen for i, seen in shown.items() if seen.state is result.done[i].state}
    return BatchResult(done={**result.done, **same}, failed=result.failed)


def _look_at_refused(run: ScopeRun, machines: Sequence[Machine], result: BatchResult) -> BatchResult:
    """A machine that refused because of its state is looked at straight away: what we believed of it was old."""
    # of an interrupted one, looking brings nothing new: the cloud has told why, and has to be waited for
    found_wrong = ((i, exc) for i, exc in result.failed.items() if not isinstance(exc, errors.Interrupted))
    wrong = {i for i, exc in found_wrong if isinstance(exc, errors.WrongState)}
    refused = [one for one in machines if one.id in wrong]
    if not refused:
        return result
    try:
        seen = run.provider.describe(run.scope, refused)
    except ProviderError:
        return result
    failed = {i: exc for i, exc in result.failed.items() if i not in seen}
    return BatchResult(done={**result.done, **seen}, failed=failed)


def _repair(
    connection: Connection, late: Sequence[Instance], step: Step, result: BatchResult, now: datetime
) -> list[Instance]:
    """Our answer came after the lease: what it did to the machine is made visible, and the row is looked at afresh."""
    acted = [row for row in late if row.provider_id in result.done]
    told = f"a {step} sent earlier was answered after its lease had passed; the machine is looked at again"
    events.record(connection, (Event(r.id, now, EventKind.LATE_ANSWER, Channel.IM, told, r.generation) for r in acted))
    log.warning("late answer", step=step.value, instances=[r.name for r in late])
    return claims.unsettle(connection, [row.id for row in acted], step, now)
