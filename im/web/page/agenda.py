"""What is going to stop or end by itself in the next hours, and what that saves."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from im.domain import agenda as coming
from im.domain.instance import Instance
from im.domain.money.amount import ZERO
from im.domain.state import OnExpiry
from im.services import queries
from im.services.money.costs import costs
from im.views.words.money import rate_cell
from im.web.api.forms import Form
from im.web.page.site import Visiting

router = APIRouter(include_in_schema=False)
MOST = 200
SPANS = {"24h": timedelta(hours=24), "7d": timedelta(days=7), "all": None}


class AgendaQuery(Form):
    within: Annotated[str, Field(pattern="^(24h|7d|all)$")] = "24h"


@router.get("/agenda")
def show_agenda(visit: Visiting, asked: Annotated[AgendaQuery, Query()]) -> Response:
    seen = queries.listing(visit.asker.ctx)
    mine = [row for row in seen.rows if visit.asker.sees(row)]
    due = coming.within(coming.agenda(mine), seen.now, SPANS[asked.within])
    money = costs(visit.asker.ctx, due, seen.now)
    saved = [coming.saves(row, money[row.id].rates) for row in due]
    stops = sum(coming.what(row) is OnExpiry.STOP for row in due)
    hours = [0] * 24
    for row in due:
        hour = int((coming.at(row) - seen.now).total_seconds() // 3600)
        if hour < 24:
            hours[max(0, hour)] += 1
    first = seen.now.astimezone(visit.look.zone)
    return visit.show(
        "agenda.html",
        now=seen.now,
        seen=due,
        asked=asked,
        spans=list(SPANS),
        lines=[
            (row, coming.at(row), _what(row), coming.lent_until(row), usd, rate_cell(money[row.id]))
            for row, usd in zip(due[:MOST], saved, strict=False)
        ],
        count=len(due),
        stops=stops,
        shelves=sum(coming.what(row) is OnExpiry.SHELVE for row in due),
        ends=sum(coming.what(row) is OnExpiry.TERMINATE for row in due),
        saves=sum((usd for usd in saved if usd is not None), ZERO),
        unknown=sum(usd is None for usd in saved),
        hours=[((first + timedelta(hours=i)).strftime("%H"), count) for i, count in enumerate(hours)],
    )


def _what(row: Instance) -> str:
    if coming.is_taken_back(row):
        return "its host takes it back"
    if row.protected and coming.what(row) is OnExpiry.TERMINATE:
        return "stays, protected"
    return f"{coming.what(row)}s"
