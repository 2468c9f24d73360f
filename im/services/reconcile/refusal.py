"""A cloud that refuses *us*: a worker without usable credentials, or with a clock too wrong to sign by, leaves its rows to others.

What it was refused is no word about what was asked: the rows stay as they are, due at once, for a worker that is known. This
one takes nothing more of the scope until it was asked who it is again, and was answered.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from im.db import events
from im.db.health import refusals
from im.db.instances import protection, spot, waiting
from im.domain.event import Channel, Event, EventKind
from im.logs import log
from im.providers.errors import ProviderError, Unauthenticated
from im.queue.tasks import Task
from im.services.identity import wrong_account
from im.services.ring import ring_by_verb

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from im.services.scope_run import ScopeRun

ASK_AGAIN = timedelta(seconds=5)
"""From one question who we are to the next, while the answer is a refusal."""
PASS_ON = timedelta(seconds=1)
"""A worker that can do nothing is always free, and would take and pass on every message that waits for the others."""
_MOST = 50


@dataclass(slots=True)
class Refusal:
    """Why this process does nothing in a scope, and until when it does not ask again."""

    error: ProviderError
    since: datetime
    until: datetime
    passed_on_at: datetime


def refused(run: ScopeRun) -> ProviderError | None:
    """Why nothing in this scope can be done, or believed, by this process now; None when all is well.

    While all is well no more is asked of the database or the cloud than `wrong_account` asks.
    """
    known = run.ctx.refusals.get(run.scope_id)
    if known is not None:
        with run.ctx.begin() as connection:
            if run.ctx.clock(connection) < known.until:
                return known.error
    trouble = wrong_account(run, afresh=known is not None)
    if trouble is not None:
        step_aside(run, trouble)
    elif known is not None:
        _come_back(run)
    return trouble


def step_aside(run: ScopeRun, trouble: ProviderError) -> None:
    """Take nothing more of this scope for a while, let it be known, and leave what is due there to the others."""
    with run.ctx.begin() as connection:
        now = run.ctx.clock(connection)
        refusals.note(connection, run.ctx.worker, run.scope_id, trouble.code, trouble.message, now)
        told = f"{trouble.code}: {trouble.message}"
        rows = waiting.note_trouble(connection, run.scope_id, trouble.code, trouble.message, now, _MOST)
        events.record(
            connection, (Event(r.id, now, EventKind.REFUSED, Channel.CLOUD, told, r.generation) for r in rows)
        )
    before = run.ctx.refusals.get(run.scope_id)
    if before is None:
        log.error(
            "this worker is refused; what it would do is left to the others", code=trouble.code, error=trouble.message
        )
    since, passed_on_at = (before.since, before.passed_on_at) if before else (now, now - PASS_ON)
    run.ctx.refusals[run.scope_id] = Refusal(trouble, since, now + ASK_AGAIN, passed_on_at)


def pass_on(run: ScopeRun) -> bool:
    """Ring again for what is due in a scope that this process can do nothing in. False: it was just rung for."""
    known = run.ctx.refusals.get(run.scope_id)
    if known is None:  # another thread was known again just now
        return True
    with run.ctx.begin() as connection:
        now = run.ctx.clock(connection)
        if now - known.passed_on_at < PASS_ON:
            return False
        rows = waiting.due(connection, run.scope_id, now, _MOST)
    known.passed_on_at = now
    ring_by_verb(run.ctx, rows)
    return True


def since(run: ScopeRun, now: datetime) -> datetime:
    """Since when this process is refused in the scope; `now` when it just was not."""
    known = run.ctx.refusals.get(run.scope_id)
    return known.since if known else now


def of_us(errors: list[ProviderError]) -> Unauthenticated | None:
    """The refusal among these that speaks of who asked."""
    return next((one for one in errors if isinstance(one, Unauthenticated)), None)


def over(run: ScopeRun, connection: Connection, now: datetime) -> None:
    """A trouble of this scope is over: whatever waits because of it is tried now, not when its own pause ends."""
    rows = waiting.pull_forward(connection, run.scope_id, now, _MOST)
    ring_by_verb(run.ctx, rows)
    for task, ids in (
        (Task.PROTECT, protection.pull_forward(connection, run.scope_id, now)),
        (Task.TERMINATE, spot.pull_forward(connection, run.scope_id, now)),
    ):
        if ids:
            run.ctx.queue.ring(task, ids)


def _come_back(run: ScopeRun) -> None:
    run.ctx.refusals.pop(run.scope_id, None)
    with run.ctx.begin() as connection:
        refusals.forget(connection, run.ctx.worker, run.scope_id)
        over(run, connection, run.ctx.clock(connection))
    log.info("this worker is known again", scope=str(run.scope))
