"""What it costs, what ends by itself and what that saves, and what may be spent."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import Field
from starlette.responses import Response

from im.domain import agenda as coming
from im.domain.errors import Refused
from im.domain.input.duration import parse_duration
from im.domain.money.budget import EVERYBODY
from im.services import queries
from im.services.money import budgets, offers, prices, report
from im.services.money.costs import costs
from im.views.agenda import agenda_json
from im.views.budget import budget_json
from im.views.cost import report_json
from im.views.offer import offers_json
from im.views.price import price_json
from im.web.answers import JSONResponse
from im.web.api.asker import Asking
from im.web.api.documents_of_money import (
    AgendaDocument,
    BudgetDocument,
    BudgetsDocument,
    CostDocument,
    OffersDocument,
    PricesDocument,
    StatedDocument,
)
from im.web.api.forms import AgendaQuery, CostQuery, Flag, Form, OffersQuery, Text
from im.web.api.problem import answers

router = APIRouter(prefix="/api/v1", tags=["money"])
LOOK = answers(401, 403, 422, 429, 503)
Owner = Annotated[str, Path(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]+$", description="Or everybody.")]


class BudgetForm(Form):
    usd_per_month: Decimal = Field(ge=0, lt=1_000_000_000, max_digits=15, decimal_places=4)


@router.get("/agenda", operation_id="get_agenda", response_model=AgendaDocument, responses=LOOK)
def get_agenda(asker: Asking, asked: Annotated[AgendaQuery, Query()]) -> Response:
    """What is going to stop or end by itself, when, and what that saves; the soonest first."""
    seen = queries.listing(asker.ctx)
    span = parse_duration(asked.within) if asked.within else None
    mine = [row for row in seen.rows if asker.sees(row)]
    rows = coming.within(coming.agenda(mine), seen.now, span)
    money, sandbox = costs(asker.ctx, rows, seen.now), asker.ctx.settings.sandbox
    return JSONResponse({"items": [agenda_json(row, money[row.id], sandbox=sandbox) for row in rows]})


@router.get("/cost", operation_id="get_cost", response_model=CostDocument, responses=LOOK)
def get_cost(asker: Asking, asked: Annotated[CostQuery, Query()]) -> Response:
    """What was spent, by list prices and the running time that the cloud told."""
    found = report.report(asker.ctx, asked.by, parse_duration(asked.since), owners=asker.seen_owners)
    return JSONResponse(report_json(found, asked.by, sandbox=asker.ctx.settings.sandbox))


@router.get("/budgets", operation_id="list_budgets", response_model=BudgetsDocument, responses=LOOK)
def list_budgets(asker: Asking) -> Response:
    """How every budget stands this month."""
    owners = asker.seen_owners
    found = [use for use in budgets.uses(asker.ctx) if owners is None or use.budget.owner in (EVERYBODY, *owners)]
    return JSONResponse({"items": [budget_json(use) for use in found]})


@router.put(
    "/budgets/{owner}",
    operation_id="set_budget",
    response_model=BudgetDocument,
    responses=answers(401, 403, 422, 429, 503),
)
def set_budget(asker: Asking, owner: Owner, form: BudgetForm) -> Response:
    """Allow an owner, or `everybody` together, so many US dollars a month."""
    return JSONResponse(budget_json(budgets.write(asker.ctx, _whose(owner), form.usd_per_month, actor=asker.actor)))


@router.delete(
    "/budgets/{owner}", operation_id="remove_budget", status_code=204, responses=answers(401, 403, 422, 429, 503)
)
def remove_budget(asker: Asking, owner: Owner) -> Response:
    """Set no limit any more."""
    budgets.remove(asker.ctx, _whose(owner), actor=asker.actor)
    return Response(status_code=204)


def _whose(owner: str) -> str:
    if not owner.strip():
        raise Refused("an owner has a name", "everybody  is the budget of all together")
    return EVERYBODY if owner == "everybody" else owner


class PricesQuery(Form):
    provider: Text | None = None
    region: Text | None = None
    item: list[Text] = Field(default=[], max_length=100, description="These, as `im prices list` names them.")


class PriceForm(Form):
    item: Text = Field(description="A type, `disk:gp3` (per GB and month), `ipv4`.")
    usd: Decimal = Field(ge=0, lt=10_000, max_digits=15, decimal_places=9, description="An hour, or what its unit is.")
    provider: Text | None = None
    region: Text | None = Field(default=None, description="The usual one of its cloud, when left out.")
    spot: Flag = False


@router.get("/prices", operation_id="list_prices", response_model=PricesDocument, responses=LOOK)
def list_prices(asker: Asking, asked: Annotated[PricesQuery, Query()]) -> Response:
    """What things cost an hour, since when and by whose word: of what is named, or of all that lives."""
    if asked.item:
        named = prices.named(asker.ctx, asked.item, asked.provider, asked.region)
        return JSONResponse({"items": [price_json(one) for one in named]})
    known = [
        one
        for one in prices.known(asker.ctx, None)
        if asked.provider in (None, one.item.provider) and asked.region in (None, one.item.region)
    ]
    return JSONResponse({"items": [price_json(one) for one in known]})


@router.get("/offers", operation_id="list_offers", response_model=OffersDocument, responses=LOOK)
def list_offers(asker: Asking, asked: Annotated[OffersQuery, Query()]) -> Response:
    """Machines with GPUs over all clouds that are configured where the API runs, the cheapest first. They are asked just now."""
    found = offers.offers(asker.ctx, asked.gpu, asked.max_price, parse_duration(asked.duration))
    return JSONResponse(offers_json(found))


@router.put(
    "/prices", operation_id="set_price", response_model=StatedDocument, responses=answers(401, 403, 422, 429, 503)
)
def set_price(asker: Asking, form: PriceForm) -> Response:
    """State a price that no list tells. It holds from now on, until a price list says otherwise."""
    where = prices.state_named(
        asker.ctx, form.item, form.usd, form.provider, form.region, spot=form.spot, actor=asker.actor
    )
    return JSONResponse({"item": form.item, "region": where})
