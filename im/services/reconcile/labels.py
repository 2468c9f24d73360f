"""Names on machines that were launched together: one call for each, so they come after the launch, and no faster than the cloud
likes. Nothing waits for them: whose machine is whose follows from the launch and the machine's place in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from im.db import rate_limits
from im.db.instances import labels
from im.domain.instance import Instance
from im.logs import log
from im.providers.contract import Slot
from im.providers.errors import ProviderError
from im.providers.machine import machine_of
from im.services.batches import Batch, Transaction, drive, finish

if TYPE_CHECKING:
    from im.services.scope_run import ScopeRun

AT_ONCE = 50
"""Machines that are named in one go: as many as a launch has before its names are left to the ticks."""
_AGAIN = timedelta(seconds=5)


def drive_names(run: ScopeRun) -> list[str]:
    """Name those of the scope that have waited longest; returns their names. What fails is tried again behind the others."""
    return drive(run.ctx, _Labels(run))


def name(run: ScopeRun, rows: Sequence[Instance], now: datetime) -> None:
    """Name these at once, out of turn: their launch has just brought them."""
    finish(run.ctx, _Labels(run), Batch("", list(rows), now))


@dataclass(frozen=True, slots=True)
class _Labels:
    """Nothing is written by a claim: a name that two workers set is the same name."""

    run: ScopeRun

    def claim(self, tx: Transaction, owner: str) -> Batch[Instance] | None:
        number, rates = self.run.scope_id, self.run.provider.capabilities.rates
        now = self.run.ctx.clock(tx.connection)
        rows = labels.due(tx.connection, number, now, AT_ONCE)
        if not rows or rate_limits.take(tx.connection, number, "label", rates.get("label"), now):
            return None
        return Batch(owner, rows, now, more=True)

    def call(self, batch: Batch[Instance]) -> ProviderError | None:
        names = {machine_of(row): Slot(row.id, row.name) for row in batch.rows if row.provider_id}
        self.run.provider.label(self.run.scope, names)
        return None

    def failed(self, batch: Batch[Instance], error: ProviderError) -> ProviderError | None:
        log.info("names were not tagged; tried again later", scope=str(self.run.scope), error=error.message)
        return error

    def apply(self, tx: Transaction, batch: Batch[Instance], error: ProviderError | None) -> list[str]:
        ids = [row.id for row in batch.rows]
        if error is not None:
            labels.later(tx.connection, ids, self.run.ctx.clock(tx.connection) + _AGAIN)
            batch.more = False
            return []
        labels.done(tx.connection, ids)
        return [row.name for row in batch.rows]
