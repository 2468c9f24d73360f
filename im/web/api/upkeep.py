"""What concerns the deployment as a whole: deadlines held for an incident, what im made and nothing uses any more."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from im.domain.access import Verb
from im.domain.errors import Denied
from im.domain.input.duration import parse_duration
from im.services import access, leftovers
from im.services.deadlines import holds
from im.views.leftover import survey_json
from im.views.times import utc
from im.web.answers import JSONResponse
from im.web.api.asker import Asking
from im.web.api.documents import Document
from im.web.api.forms import Duration, Form, Text
from im.web.api.problem import answers

router = APIRouter(prefix="/api/v1", tags=["upkeep"])
LOOK, CHANGE = answers(401, 403, 422, 429, 503), answers(401, 403, 404, 422, 429, 503)


class PauseForm(Form):
    length: Duration = "1h"
    reason: Text = "no reason given"


class PauseDocument(Document):
    until: str


class ResumeDocument(Document):
    ended: bool = Field(description="False: there was no pause.")


@router.put("/holds/pause", operation_id="set_pause", response_model=PauseDocument, responses=CHANGE)
def set_pause(asker: Asking, form: PauseForm) -> Response:
    """Hold all deadlines for an incident, a day at most."""
    until = holds.pause(asker.ctx, parse_duration(form.length), actor=asker.actor, reason=form.reason)
    return JSONResponse({"until": utc(until)})


@router.delete("/holds/pause", operation_id="end_pause", response_model=ResumeDocument, responses=CHANGE)
def end_pause(asker: Asking) -> Response:
    """End the pause; what has fallen due meanwhile is stopped within 30 s."""
    return JSONResponse({"ended": holds.resume(asker.ctx, actor=asker.actor)})


# ---- leftovers -------------------------------------------------------------------------------------------------------


class LeftoverDocument(Document):
    kind: str
    id: str
    name: str
    detail: str
    provider: str
    account: str
    region: str
    gone: bool
    condemned_at: str | None
    gone_at: str | None
    error: str | None


class TroubleDocument(Document):
    provider: str
    account: str
    region: str
    reason: str


class LeftoversDocument(Document):
    items: list[LeftoverDocument]
    troubles: list[TroubleDocument] = Field(description="Scopes that could not be looked at, and why.")
    open: int = Field(description="So many scopes a worker still has to look at or to sweep.")


class Thing(Form):
    provider: Text
    account: Text
    region: Text
    id: Text


class ApprovedDocument(Document):
    approved: int


class LookedDocument(Document):
    open: int = Field(description="So many scopes are going to be looked at.")


class EndForm(Form):
    things: list[Thing] = Field(min_length=1, max_length=1000)


@router.get("/leftovers", operation_id="list_leftovers", response_model=LeftoversDocument, responses=LOOK)
def list_leftovers(asker: Asking) -> Response:
    """Firewalls, keys, addresses and schedules that im made and that nothing uses, as far as workers have looked."""
    _see_everything(asker)
    return JSONResponse(survey_json(leftovers.survey(asker.ctx)))


@router.post(
    "/leftovers:look",
    operation_id="look_for_leftovers",
    status_code=202,
    response_model=LookedDocument,
    responses=CHANGE,
)
def look_for_leftovers(asker: Asking) -> Response:
    """Have workers look everywhere; `open` in the list says how far they are."""
    access.ask(asker.actor, Verb.CLEAN_UP)
    leftovers.ask(asker.ctx)
    return JSONResponse({"open": leftovers.survey(asker.ctx).open}, status_code=202)


@router.post(
    "/leftovers:end",
    operation_id="approve_leftovers",
    status_code=202,
    response_model=ApprovedDocument,
    responses=CHANGE,
)
def approve_leftovers(asker: Asking, form: EndForm) -> Response:
    """These may go: a worker looks again, and takes away what still nothing uses. What does not lie unused is passed over."""
    access.ask(asker.actor, Verb.CLEAN_UP)
    wanted = {(one.provider, one.account, one.region, one.id) for one in form.things}
    found = [
        one
        for one in leftovers.survey(asker.ctx).found
        if (one.scope.provider, one.scope.account, one.scope.region, one.id) in wanted
    ]
    leftovers.approve_deletion(asker.ctx, found, actor=asker.actor)
    return JSONResponse({"approved": len(found)}, status_code=202)


def _see_everything(asker: Asking) -> None:
    if not asker.sees_all:
        raise Denied(f"{asker.actor.name} sees what is their own", "ask an admin of this deployment")
