"""With each tick: what is told because of the time, and a doorbell for whatever can be sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from im.db.webhooks import deliveries, hooks, planned
from im.domain.notice import parse_stages
from im.domain.webhook.kind import WebhookKind
from im.queue.tasks import Task
from im.services.money import budgets

if TYPE_CHECKING:
    from im.context import Context

BUDGETS_EVERY = 300.0
"""Seconds between two looks at what budgets have left: each adds up a month."""
STEPS = (100, 90)
"""Of a budget, in per cent: the highest that is reached is told."""


def plan_deadlines(ctx: Context) -> None:
    """What ends soon and what should have ended, and a doorbell for whatever can be sent."""
    with ctx.begin() as connection:
        now = ctx.clock(connection)
        planned.of_deadlines(connection, parse_stages(ctx.settings.notice_stages), now)
        planned.of_overruns(connection, now)
        waiting = deliveries.waiting(connection, now)
    if waiting:
        ctx.queue.ring(Task.WEBHOOK)


def plan_budgets(ctx: Context) -> None:
    with ctx.begin() as connection:
        if not hooks.anybody_wants(connection, [WebhookKind.BUDGET]):
            return
        now = ctx.clock(connection)
        for use in budgets.standing(connection, now):
            taken, limit = use.spent + use.promised, use.budget.usd_per_month
            reached = next((step for step in STEPS if taken and taken * 100 >= limit * step), None)
            if reached is not None:
                planned.of_budget(connection, use, reached, now)
