"""Who asks; users, their tokens and quotas, and what was done to them."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import Field
from starlette.responses import JSONResponse, Response

from im.domain.access import Grant, Role
from im.domain.errors import Denied
from im.domain.input.duration import parse_duration
from im.domain.people.quota import Quota, QuotaFor
from im.domain.people.token import read_grants
from im.domain.people.user import UserKind
from im.services.people import audit, quotas, tokens, users
from im.views.quota import quota_json
from im.views.user import audit_json, token_json, user_json
from im.web.api.asker import Asking
from im.web.api.documents import MeDocument
from im.web.api.documents_of_people import (
    AuditDocument,
    MadeTokenDocument,
    QuotaDocument,
    QuotasDocument,
    TokenDocument,
    TokensDocument,
    UserDocument,
    UsersDocument,
)
from im.web.api.forms import Duration, Flag, Form, Number, Text
from im.web.api.problem import answers

router = APIRouter(prefix="/api/v1", tags=["people"])
LOOK, CHANGE = answers(401, 403, 422, 429, 503), answers(401, 403, 404, 422, 429, 503)
LOGIN = r"^[a-z0-9]([a-z0-9._@+-]*[a-z0-9])?$"
Login = Annotated[str, Path(pattern=LOGIN, max_length=64)]
TokenId = Annotated[str, Path(pattern=r"^tok-[0-9a-f]{10}$")]


@router.get("/me", operation_id="get_me", response_model=MeDocument, responses=answers(401, 403, 429, 503))
def get_me(asker: Asking) -> Response:
    """In whose name it is asked, by a token or in a browser, and what it may be used for."""
    actor = asker.actor
    told = {
        "login": actor.name,
        "role": next(role for role in (Role.ADMIN, Role.MEMBER, Role.VIEWER) if role in actor.roles),
        "teams": sorted(actor.teams),
        "grants": sorted(actor.grants),
        "token": actor.token,
    }
    return JSONResponse(told)


# ---- users -----------------------------------------------------------------------------------------------------------


class UserForm(Form):
    login: Annotated[str, Field(pattern=LOGIN, max_length=64)]
    kind: UserKind = UserKind.PERSON
    role: Role = Role.MEMBER
    team: Annotated[str, Field(pattern=LOGIN, max_length=64)] | None = None
    display: Annotated[str, Field(max_length=128)] = ""


class UserChange(Form):
    """What is left out stays; an empty `team` takes the user out of theirs, an empty `subject` lets nobody sign in as them."""

    role: Role | None = None
    team: Annotated[str, Field(max_length=64)] | None = None
    display: Text | None = None
    disabled: Flag | None = None
    subject: Annotated[str, Field(max_length=255)] | None = Field(
        default=None, description="What the identity provider calls them."
    )


@router.get("/users", operation_id="list_users", response_model=UsersDocument, responses=LOOK)
def list_users(asker: Asking) -> Response:
    """People, services and teams."""
    return JSONResponse({"items": [user_json(user) for user in users.listed(asker.ctx)]})


@router.post("/users", operation_id="add_user", status_code=201, response_model=UserDocument, responses=CHANGE)
def add_user(asker: Asking, form: UserForm) -> Response:
    made = users.add(
        asker.ctx,
        form.login,
        kind=form.kind,
        role=form.role,
        team=form.team,
        display=form.display,
        actor=asker.actor,
    )
    return JSONResponse(user_json(made), status_code=201)


@router.patch("/users/{login}", operation_id="change_user", response_model=UserDocument, responses=CHANGE)
def change_user(asker: Asking, login: Login, form: UserChange) -> Response:
    """Change somebody; it counts at once, in every session and with every token."""
    made = users.change(
        asker.ctx,
        login,
        role=form.role,
        team=form.team,
        display=form.display,
        disabled=form.disabled,
        subject=form.subject,
        actor=asker.actor,
    )
    return JSONResponse(user_json(made))


@router.delete("/users/{login}", operation_id="remove_user", status_code=204, responses=CHANGE)
def remove_user(asker: Asking, login: Login) -> Response:
    """Forget somebody who owns nothing that lives."""
    users.remove(asker.ctx, login, actor=asker.actor)
    return Response(status_code=204)


# ---- tokens ----------------------------------------------------------------------------------------------------------


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


# ---- quotas ----------------------------------------------------------------------------------------------------------


class QuotaForm(Form):
    """What is left out is not limited."""

    live: Number | None = Field(default=None, ge=0, le=1_000_000)
    usd_per_hour: Decimal | None = Field(default=None, ge=0, lt=1_000_000, max_digits=12, decimal_places=4)
    longest_ttl: Duration | None = None
    longest_life: Duration | None = None
    types: list[Text] = Field(default=[], max_length=100)


Of = Annotated[QuotaFor, Path()]
Name = Annotated[str, Path(pattern=LOGIN, max_length=64)]


@router.get("/quotas", operation_id="list_quotas", response_model=QuotasDocument, responses=LOOK)
def list_quotas(asker: Asking) -> Response:
    """Every quota that one may see, and how much of it is taken."""
    actor, owners = asker.actor, asker.seen_owners
    seen = None if owners is None else {*owners, *actor.roles}
    found = [use for use in quotas.uses(asker.ctx) if seen is None or use.quota.name in seen]
    return JSONResponse({"items": [quota_json(use) for use in found]})


@router.put("/quotas/{of}/{name}", operation_id="set_quota", response_model=QuotaDocument, responses=CHANGE)
def set_quota(asker: Asking, of: Of, name: Name, form: QuotaForm) -> Response:
    """Set one, in place of the one there was."""
    wanted = Quota(
        of,
        name,
        form.live,
        form.usd_per_hour,
        parse_duration(form.longest_ttl) if form.longest_ttl else None,
        parse_duration(form.longest_life) if form.longest_life else None,
        tuple(form.types),
    )
    return JSONResponse(quota_json(quotas.write(asker.ctx, wanted, actor=asker.actor)))


@router.delete("/quotas/{of}/{name}", operation_id="remove_quota", status_code=204, responses=CHANGE)
def remove_quota(asker: Asking, of: Of, name: Name) -> Response:
    """Set no limit any more."""
    quotas.remove(asker.ctx, of, name, actor=asker.actor)
    return Response(status_code=204)


# ---- audit -----------------------------------------------------------------------------------------------------------


class AuditQuery(Form):
    limit: int = Field(default=50, ge=1, le=10_000)


@router.get("/audit", operation_id="list_audit", response_model=AuditDocument, responses=LOOK)
def list_audit(asker: Asking, asked: Annotated[AuditQuery, Query()]) -> Response:
    """What was done that concerns no instance, the newest first. For admins."""
    if Role.ADMIN not in asker.actor.roles:
        raise Denied(f"{asker.actor.name} may not read the audit", "ask an admin of this deployment")
    return JSONResponse({"items": [audit_json(entry) for entry in audit.listed(asker.ctx, asked.limit)]})
