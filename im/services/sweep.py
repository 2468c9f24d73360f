"""sweep: when nobody has ticked for two periods (no beat, or a frozen broker), a worker does the ticks' work itself.

Straight from Postgres, without ringing anybody: deadlines, listings and whatever is unsettled, scope by scope.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from im.db import health, ticks
from im.logs import log
from im.queue import Task
from im.services import enforce, notices, orphans, refresh
from im.services.reconcile import reconcile_scopes

if TYPE_CHECKING:
    from im.context import Context

EVERY = 5.0
"""Seconds between two looks at the ticks, in each worker process; also the slot of one sweep of the whole fleet."""


def sweep_if_stale(ctx: Context) -> str:
    """Sweep when a tick is two periods late by the database's clock; a sentence, empty when there was no need."""
    with ctx.begin() as connection:
        now = ctx.clock(connection)
        late = _stale(ticks.ages(connection, now))
        if not late or not ticks.claim(connection, "sweep", EVERY, now):
            return ""
    told = sweep(ctx)
    log.warning("no tick came; swept from the database", late=late, did=told)
    return told


def sweep(ctx: Context) -> str:
    """Everything that ticks and doorbells would bring about, once."""
    alone = replace(ctx, queue=_Silent())
    told = [enforce.enforce_ttl(alone, hinted=("sweep",))]
    with ctx.begin() as connection:
        numbers = sorted({*health.in_use(connection), *orphans.due(connection, ctx.clock(connection))})
    refresh.refresh_scopes(alone, [(number, "") for number in numbers])
    told.append(reconcile_scopes(alone, numbers))
    notices.plan_notices(alone)
    told.append(notices.notify(alone))
    return "; ".join(told[:5])


def _stale(ages: Mapping[str, timedelta]) -> str:
    periods = {"refresh": refresh.TICK, "enforce_ttl": enforce.TICK}
    late = [name for name, period in periods.items() if _age(ages, name) > 2 * period]
    return ", ".join(late)


def _age(ages: Mapping[str, timedelta], name: str) -> float:
    return ages[name].total_seconds() if name in ages else float("inf")


class _Silent:
    """A doorbell nobody hears: the sweep does the work that it would ring for."""

    def ring(
        self, task: Task, ids: Sequence[str] = (), *, label: str = "", after: float = 0, to: str | None = None
    ) -> bool:
        return True
