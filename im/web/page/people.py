"""Who there is and what they may have: users and teams, tokens, quotas, and the audit."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from im.domain.access import Role
from im.domain.errors import Denied
from im.services.people import audit, quotas, tokens, users
from im.web.page.site import Visiting

router = APIRouter(include_in_schema=False)
LINES = 200


@router.get("/people")
def show_people(visit: Visiting) -> Response:
    asker = visit.asker
    admin, seen = Role.ADMIN in asker.actor.roles, asker.seen_owners
    uses = [use for use in quotas.uses(asker.ctx) if admin or seen is None or use.quota.name in seen]
    mine = tokens.listed(asker.ctx, None if admin else asker.actor.name, actor=asker.actor)
    return visit.show(
        "people.html",
        users=users.listed(asker.ctx),
        tokens=[one for one in mine if one.usable(visit.now)],
        quotas=[(use, quotas.said(use.quota)) for use in uses],
    )


@router.get("/audit")
def show_audit(visit: Visiting) -> Response:
    if Role.ADMIN not in visit.asker.actor.roles:
        raise Denied(f"{visit.asker.actor.name} may not read the audit", "ask an admin of this deployment")
    return visit.show("audit.html", entries=audit.listed(visit.asker.ctx, LINES))
