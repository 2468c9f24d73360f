"""Browsers that are signed in, and links by which one is."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from im.services.people import links, sessions
from im.views.user import link_json, session_json
from im.web.address import link_to
from im.web.answers import JSONResponse
from im.web.api.asker import Asking
from im.web.api.people.documents import LinkDocument, SessionsDocument
from im.web.api.people.tokens import TokensQuery
from im.web.api.people.users import CHANGE, LOOK

router = APIRouter(prefix="/api/v1", tags=["people"])
SessionId = Annotated[str, Path(pattern=r"^ses-[0-9a-f]{10}$")]


@router.get("/sessions", operation_id="list_sessions", response_model=SessionsDocument, responses=LOOK)
def list_sessions(asker: Asking, asked: Annotated[TokensQuery, Query()]) -> Response:
    """Browsers that are signed in as one user, you when none is named; or with `all` as anybody."""
    whose = None if asked.all else asked.login or asker.actor.name
    found = sessions.listed(asker.ctx, whose, actor=asker.actor)
    return JSONResponse({"items": [session_json(one) for one in found]})


@router.delete("/sessions/{session}", operation_id="end_session", status_code=204, responses=CHANGE)
def end_session(asker: Asking, session: SessionId) -> Response:
    """Sign that browser out, at once."""
    sessions.revoke(asker.ctx, session, actor=asker.actor)
    return Response(status_code=204)


@router.post("/links", operation_id="make_link", status_code=201, response_model=LinkDocument, responses=CHANGE)
def make_link(asker: Asking, request: Request) -> Response:
    """A link that signs a browser in as you, once and within five minutes, with what this token grants and for its life."""
    made = links.make(asker.ctx, None, actor=asker.actor)
    url = link_to(asker.ctx.settings, made.secret)
    return JSONResponse(link_json(made.link, url), status_code=201)
