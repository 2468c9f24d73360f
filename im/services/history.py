"""History is kept for a while: what is older goes, a little at a time, so that the last year is as fast to read as the first day.

Only what is told is forgotten. Rows, what they cost and what is still to be done know nothing of their events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from im.db import events
from im.db.people import idempotency, sessions, sign_ins
from im.db.webhooks import deliveries, hooks
from im.domain.input.duration import parse_keep
from im.queue.tasks import Task

if TYPE_CHECKING:
    from im.context import Context

PRUNE_EVERY = 600.0
"""Seconds between two prunings: each has little to do then, and no index grows with what is dead."""
BATCH = 2_000
"""Events in one transaction: locks and memory stay small."""
MOST = 50
"""Batches of one pruning. A setting that was shortened, or a history that was never pruned, takes several."""


def ring_for_pruning(ctx: Context) -> None:
    ctx.queue.ring(Task.PRUNE)


def prune(ctx: Context) -> str:
    """Forget the events that are older than the setting says, spent keys of requests, sessions that are over and
    messages of webhooks that were taken, in short
    transactions; a sentence for people."""
    with ctx.begin() as connection:
        now = ctx.clock(connection)
        idempotency.forget(connection, now, MOST * BATCH)
        sessions.forget(connection, now)
        sign_ins.forget(connection, now)
        hooks.forget_secrets(connection, now)
        deliveries.prune(connection, now, MOST * BATCH)
    keep = parse_keep(ctx.settings.keep_events)
    if keep is None:
        return "nothing to forget: history is kept forever"
    forgotten = 0
    for _ in range(MOST):
        with ctx.begin() as connection:
            gone = events.prune(connection, ctx.clock(connection) - keep, BATCH)
        forgotten += gone
        if not gone:
            break
    return (
        f"{forgotten} events are older than {ctx.settings.keep_events} and forgotten" if forgotten else "nothing is old"
    )
