"""Spot machines at their end: the request behind one is cancelled before it, and asked once more after it, whoever ended it.

A spot request may outlive its machine and bring another one, without our tag and without a deadline. So nothing is terminated
before its request was cancelled; killed in between, the same is done again. What ended otherwise (by hand, by the cloud) has its
request cancelled afterwards; a machine that had come of it by then is tagged as ours, and so an orphan, which people decide about.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from im.db import events
from im.db.instances import spot as kept
from im.domain.event import Channel, Event, EventKind
from im.domain.instance import Instance
from im.domain.lifecycle import backoff
from im.domain.scope import Scope
from im.domain.state import Observed
from im.failpoints import Point, reach
from im.logs import log
from im.providers.contract import BatchResult, Provider, Slot
from im.providers.errors import ProviderError
from im.providers.machine import Machine, machine_of
from im.queue.tasks import Task
from im.services.batches import Batch, Transaction, claimed_by_date, drive
from im.services.reconcile.spot_successors import take_over
from im.services.ring import ring_hints

if TYPE_CHECKING:
    from im.context import Context
    from im.services.scope_run import ScopeRun

_AGAIN = 5
"""The wait after a refusal, as `backoff` counts: half a minute."""


def spot_machines(rows: Sequence[Instance]) -> list[Machine]:
    """The machines of those that are spot; the request behind one may not be known yet."""
    return [machine_of(row) for row in rows if row.provider_id and (row.spot_request or row.spec.spot is not None)]


def terminate(provider: Provider, scope: Scope, machines: Sequence[Machine], bound: Collection[Machine]) -> BatchResult:
    """Terminate machines, those bound to a spot request only once that is cancelled: one that is not stays, and is tried again."""
    requested = [one for one in machines if one in bound]
    if not requested or provider.spot is None:
        return provider.terminate(scope, machines)
    failed = dict(provider.spot.release(scope, requested))
    reach(Point.SPOT_CANCELLED)
    free = [one for one in machines if one.id not in failed]
    result = provider.terminate(scope, free) if free else BatchResult()
    return BatchResult(result.done, {**failed, **result.failed})


# ---- after the end ---------------------------------------------------------------------------------------------------


def drive_requests(run: ScopeRun) -> list[str]:
    """End the requests of machines that are gone; one line for each that could not be ended, or had brought another."""
    return drive(run.ctx, _Requests(run))


@dataclass(frozen=True, slots=True)
class _Released:
    failed: Mapping[str, ProviderError]
    """By machine: its request is not ended yet."""
    successors: Mapping[str, str]
    """Machine → the one that had come in its place, tagged as ours by now."""


@dataclass(frozen=True, slots=True)
class _Requests:
    run: ScopeRun

    def claim(self, tx: Transaction, owner: str) -> Batch[Instance] | None:
        return claimed_by_date(self.run, tx, owner, kept.claim)

    def call(self, batch: Batch[Instance]) -> _Released:
        spot = self.run.provider.spot
        if spot is None:
            return _Released({}, {})
        failed = dict(spot.release(self.run.scope, spot_machines(batch.rows)))
        # only now: nothing more can come, so what has come is all
        released = {row.provider_id: row for row in batch.rows if row.provider_id and row.provider_id not in failed}
        successors = spot.successors(self.run.scope, [machine_of(row) for row in released.values()])
        living = self._living(successors)
        refused = self._take_in({new: released[old] for old, new in living.items()})
        return _Released({**failed, **refused}, {old: new for old, new in living.items() if old not in refused})

    def _living(self, successors: Mapping[str, str]) -> Mapping[str, str]:
        """Those of these that have not ended by themselves."""
        seen = (
            self.run.provider.describe(self.run.scope, [Machine(new) for new in successors.values()])
            if successors
            else {}
        )
        ending = {i for i, one in seen.items() if one.state in (Observed.TERMINATING, Observed.TERMINATED)}
        return {old: new for old, new in successors.items() if new not in ending}

    def _take_in(self, successors: Mapping[str, Instance]) -> dict[str, ProviderError]:
        """Tag what the cloud had launched in place of these rows' machines; returns what failed, by the old machine."""
        adoption = self.run.provider.adoption
        assert adoption is not None  # a cloud with spot requests marks machines
        refused: dict[str, ProviderError] = {}
        for new, row in successors.items():
            old = machine_of(row)
            try:
                adoption.take(self.run.scope, replace(old, id=new), Slot(row.id, row.name), row.owner)
            except ProviderError as exc:
                refused[old.id] = exc
        return refused

    def failed(self, batch: Batch[Instance], error: ProviderError) -> _Released:
        return _Released({one.id: error for one in spot_machines(batch.rows)}, {})

    def apply(self, tx: Transaction, batch: Batch[Instance], answer: _Released) -> list[str]:
        now = self.run.ctx.clock(tx.connection)
        left = [(row, answer.failed[machine_of(row).id]) for row in batch.rows if row.provider_id in answer.failed]
        came = [
            (row, answer.successors[machine_of(row).id]) for row in batch.rows if row.provider_id in answer.successors
        ]
        kept.finish(tx.connection, [row.id for row in batch.rows if row.provider_id not in answer.failed])
        kept.delay(tx.connection, [row.id for row, _ in left], now + backoff(_AGAIN))
        taken_over = [take_over(tx.connection, row, self.run.scope_id, machine, now) for row, machine in came]
        events.record(tx.connection, [_came_back(row, machine, now) for row, machine in came])
        if new := [row for row in taken_over if row is not None]:
            tx.after_commit(partial(_ring_for, self.run.ctx, new, now))
        for row, exc in left:
            log.warning("a spot request is not cancelled yet", instance=row.name, code=exc.code, error=exc.message)
        return [
            *(f"{row.name}: its spot request had brought {new}" for row, new in came),
            *(f"{row.name}: its spot request is not cancelled ({exc.code})" for row, exc in left),
        ]


def _came_back(row: Instance, machine: str, now: datetime) -> Event:
    place = "for nobody had cancelled its spot request; it has its deadline too"
    return Event(
        row.id,
        now,
        EventKind.CAME_BACK,
        Channel.CLOUD,
        f"the cloud had launched {machine} in its place, {place}",
        row.generation,
    )


def _ring_for(ctx: Context, rows: Sequence[Instance], now: datetime) -> None:
    ctx.queue.ring(Task.ADOPT, [row.id for row in rows], label=rows[0].name)
    ring_hints(ctx, rows, now)
