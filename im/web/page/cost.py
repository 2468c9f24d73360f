"""What was spent: today, by day, by owner and by type; and how the budgets stand."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from im.domain.money.amount import ZERO
from im.domain.money.budget import EVERYBODY
from im.services.money import budgets, report
from im.web.api.forms import Form
from im.web.page.site import Visiting

router = APIRouter(include_in_schema=False)
SPANS = {"7d": timedelta(days=7), "30d": timedelta(days=30), "90d": timedelta(days=90)}
GROUPS = ("owner", "type", "provider")


class CostQuery(Form):
    since: Annotated[str, Field(pattern="^(7d|30d|90d)$")] = "30d"
    by: Annotated[str, Field(pattern="^(owner|type|provider)$")] = "owner"


@router.get("/cost")
def show_cost(visit: Visiting, asked: Annotated[CostQuery, Query()]) -> Response:
    ctx, owners = visit.asker.ctx, visit.asker.seen_owners
    local = visit.now.astimezone(visit.look.zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    today = report.report(ctx, "owner", max(visit.now - midnight, timedelta(seconds=1)), owners=owners)
    days = report.report(ctx, "day", SPANS[asked.since], owners=owners)
    groups = report.report(ctx, asked.by, SPANS[asked.since], owners=owners)
    uses = [use for use in budgets.uses(ctx) if owners is None or use.budget.owner in (EVERYBODY, *owners)]
    by_day = {line.group: line.bill.total for line in days.lines}
    first = days.window.since.astimezone(UTC).date()
    every = [first + timedelta(days=i) for i in range((days.window.until.astimezone(UTC).date() - first).days + 1)]
    return visit.show(
        "cost.html",
        asked=asked,
        spans=list(SPANS),
        groups=GROUPS,
        today=today,
        report=groups,
        days=[(day, by_day.get(f"{day:%Y-%m-%d}", ZERO)) for day in every],
        uses=uses,
    )
