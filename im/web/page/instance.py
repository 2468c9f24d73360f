"""One instance: why it is as it is and what happens next, on top; then its facts, its money and its story."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from im.services import queries
from im.services.explained import explained
from im.services.money.costs import costs
from im.views.words.money import cost_lines
from im.views.words.times import second_end
from im.web.api.seen import Id, one
from im.web.page.shown import shown
from im.web.page.site import Visiting

router = APIRouter(include_in_schema=False)
LINES = 200


@router.get("/instances/{name}")
def show_instance(visit: Visiting, name: Id) -> Response:
    ctx = visit.asker.ctx
    row, now = one(visit.asker, name)
    money = costs(ctx, [row], now)
    events = queries.history(ctx, row.id)
    return visit.show(
        "instance.html",
        now=now,
        seen=[row],
        one=shown([row], now, money, visit.asker.actor, visit.look.zone)[0],
        told=explained(ctx, row, now),
        then=second_end(row, now, visit.look.zone),
        money=cost_lines(money[row.id]),
        events=list(reversed(events))[:LINES],
        older=max(0, len(events) - LINES),
    )
