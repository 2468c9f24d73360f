"""Who asks; users, services and teams; and what was done to all of this."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import Field
from starlette.responses import Response

from im.domain.access import Role
from im.domain.errors import Denied, Superseded
from im.domain.people.user import UserKind
from im.services.people import audit, users
from im.views.user import audit_json, user_json
from im.web.answers import JSONResponse
from im.web.api.asker import Asking
from im.web.api.documents import MeDocument
from im.web.api.forms import Flag, Form, Text
from im.web.api.people.documents import (
    AuditDocument,
    UserDocument,
    UsersDocument,
)
from im.web.api.people.marks import Match, etag, failed, if_user, matches, user_mark, with_etag
from im.web.api.problem import answers
from im.web.api.seen import UNCHANGED

router = APIRouter(prefix="/api/v1", tags=["people"])
LOOK, CHANGE = answers(401, 403, 422, 429, 503), answers(401, 403, 404, 422, 429, 503)
SEEN, MATCHED = CHANGE, answers(401, 403, 404, 412, 422, 429, 503)
LOGIN = r"^[a-z0-9]([a-z0-9._@+-]*[a-z0-9])?$"
Login = Annotated[str, Path(pattern=LOGIN, max_length=64)]


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


@router.get("/users/{login}", operation_id="get_user", response_model=UserDocument, responses={**SEEN, **UNCHANGED})
def get_user(asker: Asking, login: Login, if_none_match: Match = None) -> Response:
    """One of them. The ETag is another one whenever something of this has changed."""
    user = users.one(asker.ctx, login)
    mark = user_mark(user)
    if if_none_match is not None and matches(if_none_match, mark):
        return Response(status_code=304, headers={"ETag": etag(mark)})
    return with_etag(user_json(user), mark)


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
    return with_etag(user_json(made), user_mark(made), 201)


@router.patch("/users/{login}", operation_id="change_user", response_model=UserDocument, responses=MATCHED)
def change_user(asker: Asking, login: Login, form: UserChange, if_match: Match = None) -> Response:
    """Change somebody; it counts at once, in every session and with every token."""
    try:
        made = users.change(
            if_user(asker, login, if_match).ctx,
            login,
            role=form.role,
            team=form.team,
            display=form.display,
            disabled=form.disabled,
            subject=form.subject,
            actor=asker.actor,
        )
    except Superseded as exc:
        return failed(asker, exc, user=user_json(users.one(asker.ctx, login)))
    return with_etag(user_json(made), user_mark(made))


@router.delete("/users/{login}", operation_id="remove_user", status_code=204, responses=MATCHED)
def remove_user(asker: Asking, login: Login, if_match: Match = None) -> Response:
    """Forget somebody who owns nothing that lives."""
    try:
        users.remove(if_user(asker, login, if_match).ctx, login, actor=asker.actor)
    except Superseded as exc:
        return failed(asker, exc, user=user_json(users.one(asker.ctx, login)))
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
