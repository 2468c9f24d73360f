"""Tokens: listed, made, renewed and ended. A secret is in the answer that makes it and nowhere else."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import Field
from starlette.responses import Response

from im.domain.access import Grant
from im.domain.input.duration import parse_duration
from im.domain.people.token import read_grants
from im.services.people import tokens
from im.views.user import token_json
from im.web.answers import JSONResponse
from im.web.api.asker import Asking
from im.web.api.forms import Duration, Form
from im.web.api.people.documents import (
    MadeTokenDocument,
    TokenDocument,
    TokensDocument,
)
from im.web.api.people.users import CHANGE, LOGIN, LOOK

router = APIRouter(prefix="/api/v1", tags=["people"])
TokenId = Annotated[str, Path(pattern=r"^tok-[0-9a-f]{10}$")]


class TokenForm(Form):
    name: Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f]+$")]
    login: Annotated[str, Field(pattern=LOGIN, max_length=64)] | None = Field(
        default=None, description="You, when left out."
    )
    grants: list[Grant] = Field(default=[Grant.READ, Grant.WRITE], min_length=1, max_length=4)
    life: Duration | None = None


class TokensQuery(Form):
    login: Annotated[str, Field(pattern=LOGIN, max_length=64)] | None = None
    all: bool = False


class RotateForm(Form):
    overlap: Duration = "1h"


@router.get("/tokens", operation_id="list_tokens", response_model=TokensDocument, responses=LOOK)
def list_tokens(asker: Asking, asked: Annotated[TokensQuery, Query()]) -> Response:
    """Yours, or with the right of an admin somebody's or everybody's; never a secret."""
    whose = None if asked.all else asked.login or asker.actor.name
    return JSONResponse({"items": [token_json(one) for one in tokens.listed(asker.ctx, whose, actor=asker.actor)]})


@router.get("/tokens/{token}", operation_id="get_token", response_model=TokenDocument, responses=CHANGE)
def get_token(asker: Asking, token: TokenId) -> Response:
    """One token, without its secret: the asker's own, or with the right of an admin anybody's."""
    return JSONResponse(token_json(tokens.one(asker.ctx, token, actor=asker.actor)))


@router.post(
    "/tokens", operation_id="create_token", status_code=201, response_model=MadeTokenDocument, responses=CHANGE
)
def create_token(asker: Asking, form: TokenForm) -> Response:
    """Make one; its secret is in this answer and nowhere else. A token makes no other token, so this needs a session."""
    life = parse_duration(form.life) if form.life else None
    made = tokens.create(
        asker.ctx,
        form.login or asker.actor.name,
        form.name,
        grants=read_grants(form.grants),
        life=life,
        actor=asker.actor,
    )
    return JSONResponse(token_json(made.token, made.secret), status_code=201)


@router.post(
    "/tokens/{token}/rotate",
    operation_id="rotate_token",
    status_code=201,
    response_model=MadeTokenDocument,
    responses=CHANGE,
)
def rotate_token(asker: Asking, token: TokenId, form: RotateForm) -> Response:
    """Make another in its place, with the same rights and as long a life; the old one works on for `overlap`."""
    made = tokens.rotate(asker.ctx, token, overlap=parse_duration(form.overlap), actor=asker.actor)
    return JSONResponse(token_json(made.token, made.secret), status_code=201)


@router.delete("/tokens/{token}", operation_id="revoke_token", status_code=204, responses=CHANGE)
def revoke_token(asker: Asking, token: TokenId) -> Response:
    """End it at once."""
    tokens.revoke(asker.ctx, token, actor=asker.actor)
    return Response(status_code=204)
