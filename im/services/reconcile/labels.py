"""Names on machines that were launched together: one call for each, so they come after the launch, and no faster than the cloud
likes. Nothing waits for them: whose machine is whose follows from the launch and the machine's place in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from im.db import rate_limits
from im.db.instances import labels
from im.domain.instance import Instance
from im.logs import log
from im.providers.contract import Slot
from im.providers.errors import ProviderError
from im.providers.machine import machine_of

if TYPE_CHECKING:
    from im.services.scope_run import ScopeRun

AT_ONCE = 50
"""Machines that are named in one go: as many as a launch has before its names are left to the ticks."""
_AGAIN = timedelta(seconds=5)


def drive_names(run: ScopeRun) -> int:
    """Name those of the scope that have waited longest; returns how many were. What fails is tried again behind the others."""
    named = 0
    while rows := _due(run):
        if not name(run, rows):
            break
        named += len(rows)
    return named


def _due(run: ScopeRun) -> list[Instance]:
    with run.ctx.begin() as connection:
        now = run.ctx.clock(connection)
        rows = labels.due(connection, run.scope_id, now, AT_ONCE)
        if rows and rate_limits.take(
            connection, run.scope_id, "label", run.provider.capabilities.rates.get("label"), now
        ):
            return []
        return rows


def name(run: ScopeRun, rows: Sequence[Instance]) -> bool:
    """One batch; False when not all of them took their names."""
    error: ProviderError | None = None
    try:
        run.provider.label(run.scope, {machine_of(row): Slot(row.id, row.name) for row in rows if row.provider_id})
    except ProviderError as exc:
        log.info("names were not tagged; tried again later", scope=str(run.scope), error=exc.message)
        error = exc
    ids = [row.id for row in rows]
    with run.ctx.begin() as connection:
        if error is None:
            labels.done(connection, ids)
        else:
            labels.later(connection, ids, run.ctx.clock(connection) + _AGAIN)
    return error is None
