"""The protections of reconcile: the cloud is told what people wish, so that nobody ends the machine behind our back either.

im itself refuses to terminate what is protected, whatever the cloud knows; the cloud's own guard is the second lock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from im.db import events
from im.db.instances import protection
from im.domain.event import Channel, Event, EventKind
from im.domain.instance import Instance
from im.domain.lifecycle import backoff
from im.logs import log
from im.providers.errors import ProviderError
from im.providers.machine import machine_of
from im.services.batches import Batch, Transaction, claimed_by_date, drive

if TYPE_CHECKING:
    from im.services.scope_run import ScopeRun

_AGAIN = 5
"""The wait after a refusal, as `backoff` counts: half a minute. The guard at the cloud is worth no storm of calls."""

Failed = Mapping[str, ProviderError]
"""By machine."""


def drive_protections(run: ScopeRun) -> list[str]:
    """Tell the cloud wherever it guards what it should not, or does not guard what it should; one line for each."""
    return drive(run.ctx, _Protections(run))


@dataclass(frozen=True, slots=True)
class _Protections:
    run: ScopeRun

    def claim(self, tx: Transaction, owner: str) -> Batch[Instance] | None:
        return claimed_by_date(self.run, tx, owner, protection.claim)

    def call(self, batch: Batch[Instance]) -> Failed:
        return {**self._set(batch.rows, on=False), **self._set(batch.rows, on=True)}

    def _set(self, rows: Sequence[Instance], *, on: bool) -> Failed:
        machines = [machine_of(row) for row in rows if row.protected is on and row.provider_id]
        lock = self.run.provider.protection
        if not machines or lock is None:
            return {}
        try:
            return lock.set(self.run.scope, machines, on=on)
        except ProviderError as exc:  # of these: the others have a call of their own
            return {one.id: exc for one in machines}

    def failed(self, batch: Batch[Instance], error: ProviderError) -> Failed:
        return {row.provider_id: error for row in batch.rows if row.provider_id}

    def apply(self, tx: Transaction, batch: Batch[Instance], failed: Failed) -> list[str]:
        done = [row for row in batch.rows if row.provider_id not in failed]
        left = [(row, failed[machine_of(row).id]) for row in batch.rows if row.provider_id in failed]
        now = self.run.ctx.clock(tx.connection)
        protection.learn(tx.connection, [r.id for r in done if r.protected], [r.id for r in done if not r.protected])
        protection.delay(tx.connection, [row.id for row, _ in left], now + backoff(_AGAIN))
        told = "protected at the cloud", "no longer protected at the cloud"
        story = (
            Event(r.id, now, EventKind.PROTECTION, Channel.CLOUD, told[not r.protected], r.generation) for r in done
        )
        events.record(tx.connection, story)
        for row, exc in left:
            log.warning("protection not told to the cloud", instance=row.name, wanted=row.protected, error=exc.message)
        return [
            *(f"{r.name}: {'protected' if r.protected else 'unprotected'}" for r in done),
            *(f"{r.name}: protection refused ({exc.code})" for r, exc in left),
        ]
