"""How well the fleet is seen and served: places, ticks, workers, holds; machines without a row; prices."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from im.domain.errors import Denied, ImError
from im.services import queries
from im.services.health.workers import workers
from im.services.money import prices
from im.web.page.site import Visiting

router = APIRouter(include_in_schema=False)


@router.get("/fleet")
def show_fleet(visit: Visiting) -> Response:
    scopes = sorted(visit.state.health.items(), key=lambda one: str(one[0]))
    return visit.show("fleet.html", scopes=scopes, holds=visit.state.holds, ticks=queries.tick_ages(visit.asker.ctx))


@router.get("/fleet/workers")
def show_workers(visit: Visiting) -> Response:
    """Asked for by the page once it stands: workers are given seconds to answer."""
    try:
        found, wrong = workers(visit.asker.ctx), None
    except ImError as exc:
        found, wrong = None, exc
    return visit.show("workers.html", layout="part.html", fleet=found, wrong=wrong)


@router.get("/orphans")
def show_orphans(visit: Visiting) -> Response:
    """Nobody's, so for those who see everything."""
    if not visit.asker.sees_all:
        raise Denied(f"{visit.asker.actor.name} sees what is their own", "ask an admin of this deployment")
    found = queries.orphans_listed(visit.asker.ctx)
    return visit.show("orphans.html", now=found.now, found=found.found)


@router.get("/prices")
def show_prices(visit: Visiting) -> Response:
    return visit.show("prices.html", known=prices.known(visit.asker.ctx, None))
