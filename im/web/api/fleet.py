"""How well im sees: scopes, machines of ours without a row, and why deadlines are not enforced."""

from __future__ import annotations

from dataclasses import replace

from fastapi import APIRouter
from starlette.responses import Response

from im.domain.errors import Denied
from im.domain.explain.listing import Summary
from im.services import queries
from im.views.health import fleet_json
from im.views.hold import hold_json
from im.views.orphan import orphan_json
from im.views.scope import scope_json
from im.views.times import utc
from im.web.answers import JSONResponse
from im.web.api.asker import Asking
from im.web.api.documents_of_fleet import FleetDocument, HoldsDocument, OrphansDocument, ScopesDocument
from im.web.api.problem import answers

router = APIRouter(prefix="/api/v1", tags=["fleet"])
LOOK = answers(401, 403, 429, 503)


@router.get("/scopes", operation_id="list_scopes", response_model=ScopesDocument, responses=LOOK)
def list_scopes(asker: Asking) -> Response:
    """Every cloud, account and region in use: when it was last seen, and why not since."""
    seen = queries.sight(asker.ctx)
    items = [
        scope_json(scope, health, seen.now)
        for scope, health in sorted(seen.health.items(), key=lambda one: str(one[0]))
    ]
    return JSONResponse({"items": items})


@router.get("/fleet", operation_id="get_fleet", response_model=FleetDocument, responses=LOOK)
def get_fleet(asker: Asking) -> Response:
    """How well im sees and enforces, in one answer: scopes, holds, deadlines that were missed, machines without a row.

    Of what is not their own, who does not see everything is told neither figures nor orphans.
    """
    seen = queries.state(asker.ctx)
    if not asker.sees_all:
        seen = replace(seen, alarms=(), orphans=Summary())
    return JSONResponse(fleet_json(seen, sandbox=asker.ctx.settings.sandbox))


@router.get("/orphans", operation_id="list_orphans", response_model=OrphansDocument, responses=LOOK)
def list_orphans(asker: Asking) -> Response:
    """Machines that carry our tag and have no row, the longest known first: nobody's, so for those who see everything."""
    if not asker.sees_all:
        raise Denied(f"{asker.actor.name} sees what is their own", "ask an admin of this deployment")
    found = queries.orphans_listed(asker.ctx)
    sandbox = asker.ctx.settings.sandbox
    items = [orphan_json(one, found.now, sandbox=sandbox) for one in found.found]
    return JSONResponse({"items": items, "now": utc(found.now)})


@router.get("/holds", operation_id="list_holds", response_model=HoldsDocument, responses=LOOK)
def list_holds(asker: Asking) -> Response:
    """Why deadlines are not enforced just now; empty when they are."""
    seen = queries.sight(asker.ctx)
    return JSONResponse({"items": [hold_json(hold) for hold in seen.holds]})
