"""The protections of reconcile: the cloud is told what people wish, so that nobody ends the machine behind our back either.

im itself refuses to terminate what is protected, whatever the cloud knows; the cloud's own guard is the second lock.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from im.db import events
from im.db.instances import protection
from im.domain.event import Channel, Event, EventKind
from im.domain.lifecycle import backoff
from im.logs import log
from im.providers.contract import Provider
from im.providers.errors import ProviderError
from im.providers.machine import Machine, machine_of

if TYPE_CHECKING:
    from im.context import Context
    from im.domain.instance import Instance
    from im.domain.scope import Scope
    from im.services.scope_run import ScopeRun

_AGAIN = 5
"""The wait after a refusal, as `backoff` counts: half a minute. The guard at the cloud is worth no storm of calls."""


def drive_protections(run: ScopeRun) -> list[str]:
    """Tell the cloud wherever it guards what it should not, or does not guard what it should; one line for each."""
    with run.ctx.begin() as connection:
        now = run.ctx.clock(connection)
        lease = timedelta(seconds=run.ctx.settings.step_lease)
        rows = protection.claim(connection, run.scope_id, now, lease, run.ctx.settings.batch)
    if not rows:
        return []
    failed: dict[str, ProviderError] = {}
    for on in (False, True):
        machines = [machine_of(row) for row in rows if row.protected is on and row.provider_id]
        if machines:
            failed |= _tell(run.provider, run.scope, machines, on)
    return _apply(run.ctx, rows, failed)


def _tell(provider: Provider, scope: Scope, machines: list[Machine], on: bool) -> dict[str, ProviderError]:
    if provider.protection is None:
        return {}
    try:
        return dict(provider.protection.set(scope, machines, on=on))
    except ProviderError as exc:
        return {one.id: exc for one in machines}


def _apply(ctx: Context, rows: list[Instance], failed: dict[str, ProviderError]) -> list[str]:
    done = [row for row in rows if row.provider_id not in failed]
    left = [row for row in rows if row.provider_id in failed]
    with ctx.begin() as connection:
        now = ctx.clock(connection)
        protection.learn(connection, [r.id for r in done if r.protected], [r.id for r in done if not r.protected])
        protection.delay(connection, [r.id for r in left], now + backoff(_AGAIN))
        told = "protected at the cloud", "no longer protected at the cloud"
        story = (
            Event(r.id, now, EventKind.PROTECTION, Channel.CLOUD, told[not r.protected], r.generation) for r in done
        )
        events.record(connection, story)
    for row in left:
        exc = failed[row.provider_id or ""]
        log.warning("protection not told to the cloud", instance=row.name, wanted=row.protected, error=exc.message)
    return [
        *(f"{r.name}: {'protected' if r.protected else 'unprotected'}" for r in done),
        *(f"{r.name}: protection refused ({failed[r.provider_id or ''].code})" for r in left),
    ]
