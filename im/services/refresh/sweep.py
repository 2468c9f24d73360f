"""sweep: what ticks, hints and doorbells did not bring about, a worker does itself, straight from Postgres.

When nobody has ticked for two periods (no beat, or a frozen broker): everything, scope by scope, without ringing anybody. When one
enforcement tick was claimed by nobody, or a hint was lost with its broker: the deadlines, and the hints of the coming window, which
this process keeps to itself as far as the broker does not take them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from im.db import ticks
from im.db.instances import requests
from im.db.read import health
from im.domain.hold import OF_A_SCOPE
from im.logs import log
from im.queue import periods as queue_periods
from im.queue.tasks import Task
from im.services.deadlines import enforce, notices
from im.services.reconcile.scope import reconcile, reconcile_scopes
from im.services.refresh import orphans, scope
from im.services.webhooks import planned
from im.services.webhooks.send import send

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from im.context import Context
    from im.queue.tasks import Queue

EVERY = 5.0
"""Seconds between two looks at the ticks, in each worker process; also the slot of one sweep of the whole fleet."""
_GRACE = timedelta(seconds=2)
"""What a healthy fleet may take for a tick or a deadline before a sweep does it too: doing it twice changes nothing."""


class Sweep:
    """The looks of one process, and the hints that it keeps because the broker did not take them."""

    def __init__(self) -> None:
        self._hints: set[datetime] = set()

    def look(self, ctx: Context) -> float:
        """Do what nobody else did. Returns seconds until the next look."""
        sweep_if_stale(ctx)
        with ctx.begin() as connection:
            now = ctx.clock(connection)
            missed = _claim_missed(connection, now)
            late = missed or _claim_overdue(connection, now)
        own = {at for at in self._hints if at <= now}
        if late or own:
            self._hints |= enforce_missed(ctx, now, ahead=missed)
        self._hints -= own
        with ctx.begin() as connection:
            now = ctx.clock(connection)
        return min([EVERY, *(max(0.0, (at - now).total_seconds()) for at in self._hints)])


def enforce_missed(ctx: Context, now: datetime, *, ahead: bool) -> set[datetime]:
    """Apply the deadlines that have passed; with `ahead`, ring the hints of the window too. What the broker does not take is done
    here. Returns the moments of the hints that it did not take."""
    queue = _Kept(ctx.queue, now)
    alone = replace(ctx, queue=queue)
    told = enforce.enforce_unclaimed(alone) if ahead else enforce.enforce_ttl(alone, hinted=("sweep",))
    if queue.left:
        told = f"{told}; {reconcile(ctx, queue.left)}"
    log.warning("a tick or a hint did not come; its deadlines were applied", did=told, hints_kept=len(queue.hints))
    return queue.hints


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
    scope.refresh_scopes(alone, [(number, "") for number in numbers])
    told.append(reconcile_scopes(alone, numbers))
    notices.plan_notices(alone)
    told.append(notices.notify(alone))
    planned.plan_deadlines(alone)
    told.append(send(alone))
    return "; ".join(told[:6])


def _stale(ages: Mapping[str, timedelta]) -> str:
    periods = {"refresh": queue_periods.REFRESH_EVERY, "enforce_ttl": queue_periods.ENFORCE_EVERY}
    late = [name for name, period in periods.items() if _age(ages, name) > 2 * period]
    return ", ".join(late)


def _age(ages: Mapping[str, timedelta], name: str) -> float:
    return ages[name].total_seconds() if name in ages else float("inf")


def _claim_missed(connection: Connection, now: datetime) -> bool:
    """The enforcement tick's slot is over, and nobody claimed it. Under its own name, because doctor judges beat by the other."""
    age = _age(ticks.ages(connection, now), "enforce_ttl")
    missed = age > queue_periods.ENFORCE_EVERY + _GRACE.total_seconds()
    return missed and ticks.claim(connection, "enforce_missed", queue_periods.ENFORCE_EVERY, now)


def _claim_overdue(connection: Connection, now: datetime) -> bool:
    if not requests.overdue(connection, now - _GRACE):
        return False
    held = any(hold.kind not in OF_A_SCOPE for hold in health.holds(connection, now))
    return not held and ticks.claim(connection, "enforce_overdue", EVERY, now)


class _Kept:
    """A doorbell whose ringer does himself what the broker does not take."""

    def __init__(self, queue: Queue, now: datetime) -> None:
        self._queue, self._now = queue, now
        self._answers = True
        self.left: list[str] = []
        self.hints: set[datetime] = set()

    def ring(
        self, task: Task, ids: Sequence[str] = (), *, label: str = "", after: float = 0, to: str | None = None
    ) -> bool:
        # asked once only: a broker that hangs would hold up each ring for seconds
        self._answers = self._answers and self._queue.ring(task, ids, label=label, after=after, to=to)
        if not self._answers:
            if after:
                self.hints.add(self._now + timedelta(seconds=after))
            else:
                self.left += ids
        return True


class _Silent:
    """A doorbell nobody hears: the sweep does the work that it would ring for."""

    def ring(
        self, task: Task, ids: Sequence[str] = (), *, label: str = "", after: float = 0, to: str | None = None
    ) -> bool:
        return True
