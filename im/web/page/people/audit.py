"""What was done that concerns no instance, for admins."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from im.domain.access import Role
from im.domain.errors import Denied
from im.services.people import audit
from im.web.page.site import Visiting

router = APIRouter(include_in_schema=False)
LINES = 200


@router.get("/audit")
def show_audit(visit: Visiting) -> Response:
    if Role.ADMIN not in visit.asker.actor.roles:
        raise Denied(f"{visit.asker.actor.name} may not read the audit", "ask an admin of this deployment")
    return visit.show("audit.html", entries=audit.listed(visit.asker.ctx, LINES))
