"""reconcile: the only code that changes the cloud. It moves what is observed toward what is desired, in batches.

claim → call → apply. The claim commits a lease and the intent of the step; no transaction is open during the call; the outcome
counts only for rows whose lease is still ours. What to do follows from the rows: an instance id in a message only says where
to look, and all due siblings of the same scope and step go into the same call.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from im.db import events
from im.db.instances import claims
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
from im.services.reconcile import failed_launch, refusal, spot_requests
from im.services.reconcile.outcome import outcome_of
from im.services.reconcile.rate_limits import allowance
from im.services.reconcile.report import line, sent, story, worth_telling
from im.services.ring import ring_by_verb

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from im.context import Context
    from im.services.scope_run import ScopeRun

_RUSH = 0.1  # seconds after the moment a row is due, so that a doorbell does not come too early
_STEPS = (Step.STOP, Step.TERMINATE, Step.START, Step.LOOK)
"""In this order: what saves money first."""


class _Batch:
    """Rows leased for one call, with the lease's token and the moment before which nothing was looked at."""

    def __init__(self, owner: str, rows: list[Instance], claimed_at: datetime, *, more: bool) -> None:
        self.owner = owner
        self.rows = rows
        self.claimed_at = claimed_at
        self.more = more
        """There may be others that wait for the same step."""


@dataclass(frozen=True, slots=True)
class _Aside:
    """What a call has to know of some of its machines: which keep their memory, and which spot requests stand behind them."""

    asleep: Collection[str]
    bound: Collection[Machine]


def _claim(run: ScopeRun, step: Step) -> _Batch | None:
    """Lease a batch, if the fleet may make this call now; else the rows wait for the next doorbell or tick."""
    owner = str(uuid.uuid4())
    with run.ctx.begin() as connection:
        now = run.ctx.clock(connection)
        rows = claims.ready(connection, run.scope_id, step, now, run.ctx.settings.batch)
        found = len(rows)
        rows = _without_the_parked(connection, rows, step, now)
        allowed, wait = allowance(connection, run.provider, run.scope_id, step, len(rows), now)
        if not wait:
            rows = rows[:allowed]
            span = timedelta(seconds=run.ctx.settings.step_lease)
            claims.lease(connection, [row.id for row in rows], step, now, span, owner)
            if step is not Step.LOOK:
                events.record(connection, (sent(row, step, now) for row in rows if worth_telling(row.attempts)))
        if rows and not wait:
            reach(Point.CLAIM_WRITTEN, step)
    if wait:
        # what ends machines goes on where a process is kept free for it, and before whom no listing and no look stands
        ring_by_verb(run.ctx, rows, after=wait, to=DEADLINES if step in (Step.STOP, Step.TERMINATE) else None)
        return None
    more = found == run.ctx.settings.batch or len(rows) < found
    return _Batch(owner, rows, now, more=more) if rows else None


def _without_the_parked(connection: Connection, rows: list[Instance], step: Step, now: datetime) -> list[Instance]:
    """A start that was claimed again and again and never brought an answer, not even a refusal, kills its worker: park it.

    Stops and terminates are never given up: a worker lost is cheaper than a machine forgotten.
    """
    parked = [row for row in rows if step is Step.START and row.attempts >= MAX_ATTEMPTS and step in row.unsure]
    if parked:
        told = f"{MAX_ATTEMPTS} workers took it up and none came back"
        claims.park(connection, [row.id for row in parked], "poison", told)
        events.record(connection, (Event(r.id, now, EventKind.PARKED, Channel.IM, told, r.generation) for r in parked))
    return [row for row in rows if row not in parked]


def _one_batch(run: ScopeRun, step: Step, batch: _Batch) -> list[str]:
    reach(Point.CLAIM_COMMITTED, step)
    machines = [machine_of(row) for row in batch.rows if row.provider_id]
    asleep = {row.provider_id for row in batch.rows if row.provider_id and row.spec.options.get("hibernate")}
    aside = _Aside(asleep, spot_requests.spot_machines(batch.rows))
    result = _call(run, step, machines, aside)
    reach(Point.CALL_ANSWERED, step)
    with run.ctx.begin() as connection:
        now = run.ctx.clock(connection)
        lost = failed_launch.among(batch.rows, result.done)
        moved = failed_launch.take_back(connection, run.scope_id, lost, now)
        batch.rows = [row for row in batch.rows if row.id not in lost]
        outcomes = [outcome_of(row, step, result, batch.claimed_at, now) for row in batch.rows]
        applied = claims.apply(connection, batch.owner, step, outcomes, now)
        mine = [(row, applied[row.id], o) for row, o in zip(batch.rows, outcomes, strict=True) if row.id in applied]
        events.record(connection, story(mine, now))
        late = [row for row in batch.rows if row.id not in applied]
        repaired = _repair(connection, late, step, result, now) if late and step is not Step.LOOK else []
        if any(o.seen is not None and row.error_code in OF_THE_SCOPE for row, _, o in mine):
            refusal.over(run, connection, now)
        reach(Point.APPLY_WRITTEN, step)
    reach(Point.APPLY_COMMITTED, step)
    if (of_us := refusal.of_us([*result.failed.values()])) is not None:
        refusal.step_aside(run, of_us)
    _ring_again(run.ctx, [new for _, new, _ in mine], now)
    ring_by_verb(run.ctx, [*repaired, *moved])
    return [line(old, new, step, now) for old, new, _ in mine]


def _call(run: ScopeRun, step: Step, machines: Sequence[Machine], aside: _Aside) -> BatchResult:
    reach(Point.CALL_BEGUN, step)
    try:
        match step:
            case Step.START:
                result = run.provider.start(run.scope, machines)
            case Step.STOP:
                result = (
                    run.provider.stop(run.scope, machines, hibernate=aside.asleep)
                    if aside.asleep
                    else run.provider.stop(run.scope, machines)
                )
            case Step.TERMINATE:
                result = spot_requests.terminate(run.provider, run.scope, machines, aside.bound)
            case _:
                return BatchResult(done=run.provider.describe(run.scope, machines))
        return _look_at_refused(run, machines, _dated(run, machines, result))
    except ProviderError as exc:
        return BatchResult(failed={one.id: exc for one in machines})
    except Exception as exc:
        return _without_the_poison(run, step, machines, aside, exc)


def _without_the_poison(
    run: ScopeRun, step: Step, machines: Sequence[Machine], aside: _Aside, exc: Exception
) -> BatchResult:
    """A fault of ours, not of the cloud. The id it hangs on is found by halving, and parked with what was raised."""
    ids = [one.id for one in machines]
    log.exception("unexpected error in a provider", step=step.value, scope=str(run.scope), ids=ids[:5])
    if len(ids) == 1:
        return BatchResult(failed={ids[0]: errors.Unknown(f"unexpected {type(exc).__name__}; the worker's log has it")})
    half = len(machines) // 2
    first, second = (_call(run, step, part, aside) for part in (machines[:half], machines[half:]))
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


def _ring_again(ctx: Context, rows: Iterable[Instance], now: datetime) -> None:
    """Rows still on their way are rung for when they are due; those further off than a tick are left to the tick."""
    waits: dict[int, list[Instance]] = {}
    for row in rows:
        if row.settled or row.failed or row.closed_at or row.next_attempt_at is None:
            continue
        wait = (row.next_attempt_at - now).total_seconds()
        if wait < 10:
            waits.setdefault(max(0, round(wait)), []).append(row)
    for members in waits.values():
        latest = max(m.next_attempt_at for m in members if m.next_attempt_at)
        ring_by_verb(ctx, members, after=max(0.0, (latest - now).total_seconds()) + _RUSH)
