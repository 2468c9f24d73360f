"""Spot machines at their end: the request behind one is cancelled before it, and asked once more after it, whoever ended it.

A spot request may outlive its machine and bring another one, without our tag and without a deadline. So nothing is terminated
before its request was cancelled; killed in between, the same is done again. What ended otherwise (by hand, by the cloud) has its
request cancelled afterwards; a machine that had come of it by then is tagged as ours, and so an orphan, which people decide about.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from im.db import events
from im.db.instances import spot as kept
from im.domain.event import Channel, Event, EventKind
from im.domain.instance import Instance
from im.domain.lifecycle import backoff
from im.domain.scope import Scope
from im.domain.spec.spot import spot_of
from im.domain.state import Observed
from im.failpoints import Point, reach
from im.logs import log
from im.providers.contract import BatchResult, Provider, Slot
from im.providers.errors import ProviderError
from im.providers.machine import Machine, machine_of
from im.queue.tasks import Task
from im.services.reconcile.heirs import inherit
from im.services.ring import ring_hints

if TYPE_CHECKING:
    from im.services.scope_run import ScopeRun

_AGAIN = 5
"""The wait after a refusal, as `backoff` counts: half a minute."""


def spot_machines(rows: Sequence[Instance]) -> list[Machine]:
    """The machines of those that are spot; the request behind one may not be known yet."""
    return [machine_of(row) for row in rows if row.provider_id and (row.spot_request or spot_of(row.spec) is not None)]


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
    with run.ctx.begin() as connection:
        now = run.ctx.clock(connection)
        lease = timedelta(seconds=run.ctx.settings.step_lease)
        rows = kept.claim(connection, run.scope_id, now, lease, run.ctx.settings.batch)
    if not rows:
        return []
    wanted = spot_machines(rows)
    failed: dict[str, ProviderError] = {}
    heirs: dict[str, str] = {}
    if run.provider.spot is not None:
        try:
            failed = dict(run.provider.spot.release(run.scope, wanted))
            # only now: nothing more can come, so what has come is all
            heirs = _take_in(run, rows, failed)
        except ProviderError as exc:
            failed = {one.id: exc for one in wanted}
    return _apply(run, rows, failed, heirs)


def _take_in(run: ScopeRun, rows: Sequence[Instance], failed: dict[str, ProviderError]) -> dict[str, str]:
    """Tag what the cloud had launched in place of these; failures are added to `failed`. Returns old → new, the living ones."""
    by_machine = {row.provider_id: row for row in rows if row.provider_id and row.provider_id not in failed}
    assert run.provider.spot is not None
    heirs = dict(run.provider.spot.heirs(run.scope, [machine_of(row) for row in by_machine.values()]))
    seen = run.provider.describe(run.scope, [Machine(new) for new in heirs.values()]) if heirs else {}
    living: dict[str, str] = {}
    adoption = run.provider.adoption
    assert adoption is not None  # a cloud with spot requests marks machines
    for old, new in heirs.items():
        if new in seen and seen[new].state in (Observed.TERMINATING, Observed.TERMINATED):
            continue
        row = by_machine[old]
        try:
            adoption.take(run.scope, replace(machine_of(row), id=new), Slot(row.id, row.name), row.owner)
            living[old] = new
        except ProviderError as exc:
            failed[old] = exc
    return living


def _apply(
    run: ScopeRun, rows: list[Instance], failed: Mapping[str, ProviderError], heirs: Mapping[str, str]
) -> list[str]:
    left = [row for row in rows if row.provider_id in failed]
    came = [(row, heirs[row.provider_id or ""]) for row in rows if row.provider_id in heirs and row not in left]
    with run.ctx.begin() as connection:
        now = run.ctx.clock(connection)
        kept.finish(connection, [row.id for row in rows if row not in left])
        kept.delay(connection, [row.id for row in left], now + backoff(_AGAIN))
        taken = [
            new for row, machine in came if (new := inherit(connection, row, run.scope_id, machine, now)) is not None
        ]
        told = (
            "the cloud had launched {} in its place, for nobody had cancelled its spot request; it has its deadline too"
        )
        story = (
            Event(r.id, now, EventKind.CAME_BACK, Channel.CLOUD, told.format(new), r.generation) for r, new in came
        )
        events.record(connection, story)
    if taken:
        run.ctx.queue.ring(Task.ADOPT, [row.id for row in taken], label=taken[0].name)
        ring_hints(run.ctx, taken, now)
    for row in left:
        exc = failed[row.provider_id or ""]
        log.warning("a spot request is not cancelled yet", instance=row.name, code=exc.code, error=exc.message)
    return [
        *(f"{row.name}: its spot request had brought {new}" for row, new in came),
        *(f"{row.name}: its spot request is not cancelled ({failed[row.provider_id or ''].code})" for row in left),
    ]
