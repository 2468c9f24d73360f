"""Tokens: one's own, and for admins everybody's; made, renewed and revoked. A secret is shown once, in the answer that makes it."""

from __future__ import annotations

import secrets
from typing import Annotated, Any

from fastapi import APIRouter
from fastapi import Form as FormBody
from pydantic import Field
from starlette.responses import Response

from im.domain.access import Grant, Verb
from im.domain.errors import Denied, ImError, Refused
from im.domain.input.duration import format_duration, parse_duration
from im.domain.people.token import USUAL_LIFE, Made, Token, read_grants
from im.services.people import tokens, users
from im.web.api.forms import Form
from im.web.api.people.tokens import TokenId
from im.web.api.problem import status_of
from im.web.page.people.forms import SAID, Key, Line, can, done, sent_once
from im.web.page.site import Visit, Visiting

router = APIRouter(prefix="/people/tokens", include_in_schema=False)
OFFERED = (
    (Grant.WRITE, "change what can be undone"),
    (Grant.TERMINATE, "end machines"),
    (Grant.ADMIN, "what concerns everybody"),
)


class MakeForm(Form):
    name: Line = ""
    login: Line = ""
    grants: list[Grant] = Field(default=[], max_length=4)
    life: Line = ""
    key: Key


class RotateForm(Form):
    overlap: Line = ""
    key: Key


@router.get("")
def show_tokens(visit: Visiting) -> Response:
    actor = visit.asker.actor
    everybodys = can(actor, Verb.MAKE_TOKEN, None)
    try:
        found, denied = tokens.listed(visit.asker.ctx, None if everybodys else actor.name, actor=actor), None
    except Denied as exc:  # by the token with which one has signed in
        found, denied = [], exc
    alive = [one for one in found if one.usable(visit.now)]
    return visit.show(
        "people/tokens.html",
        own=[one for one in alive if one.login == actor.name],
        others=[one for one in alive if one.login != actor.name],
        everybodys=everybodys,
        denied=denied,
        by_token=bool(actor.token),
    )


# ---- making ----------------------------------------------------------------------------------------------------------


@router.get("/make")
def show_make(visit: Visiting, user: Annotated[str, Field(max_length=64)] = "") -> Response:
    """`user`: for whom; oneself where nobody is named."""
    login = user or visit.asker.actor.name
    return _show_make(visit, MakeForm(login=login, grants=[Grant.WRITE], key=secrets.token_hex(16)))


def _show_make(visit: Visit, typed: MakeForm, *, wrong: ImError | None = None) -> Response:
    actor = visit.asker.actor
    others = can(actor, Verb.MAKE_TOKEN, None)
    speak = [user.login for user in users.listed(visit.asker.ctx) if user.acts] if others else []
    told: dict[str, Any] = {
        "typed": typed,
        "wrong": wrong,
        "logins": sorted({actor.name, *speak}),
        "offered": OFFERED,
        "usual": f"{min(USUAL_LIFE, parse_duration(visit.asker.ctx.settings.token_max)).days}d",
        "most": visit.asker.ctx.settings.token_max,
    }
    return visit.show("people/token_make.html", status=status_of(wrong) if wrong else 200, **told)


@router.post("/make")
def make_token(visit: Visiting, typed: Annotated[MakeForm, FormBody()]) -> Response:
    """The secret is in this answer and nowhere else."""
    asker = sent_once(visit.asker, typed.key)
    try:
        made = tokens.create(
            asker.ctx,
            typed.login or asker.actor.name,
            typed.name.strip(),
            grants=read_grants(typed.grants),
            life=parse_duration(typed.life.strip()) if typed.life.strip() else None,
            actor=asker.actor,
        )
    except SAID as exc:
        return _show_make(visit, typed, wrong=exc)
    return _show_made(visit, made, "Your token" if made.token.login == asker.actor.name else "The token")


def _show_made(visit: Visit, made: Made, title: str, old: Token | None = None, overlap: str = "") -> Response:
    return visit.show(
        "people/token_made.html", made=made.token, secret=made.secret, title=title, old=old, overlap=overlap
    )


# ---- renewing and revoking -------------------------------------------------------------------------------------------


@router.get("/{token}/rotate")
def show_rotate(visit: Visiting, token: TokenId) -> Response:
    one = tokens.one(visit.asker.ctx, token, actor=visit.asker.actor)
    return _show_rotate(visit, one, RotateForm(overlap=format_duration(tokens.OVERLAP), key=secrets.token_hex(16)))


def _show_rotate(visit: Visit, one: Token, typed: RotateForm, *, wrong: ImError | None = None) -> Response:
    told: dict[str, Any] = {"one": one, "typed": typed, "wrong": wrong}
    return visit.show("people/token_rotate.html", status=status_of(wrong) if wrong else 200, **told)


@router.post("/{token}/rotate")
def rotate_token(visit: Visiting, token: TokenId, typed: Annotated[RotateForm, FormBody()]) -> Response:
    """Another in its place; the old one works on for a while, so that whoever uses it has the time to change."""
    old = tokens.one(visit.asker.ctx, token, actor=visit.asker.actor)
    asker = sent_once(visit.asker, typed.key)
    try:
        overlap = parse_duration(typed.overlap.strip()) if typed.overlap.strip() else tokens.OVERLAP
        made = tokens.rotate(asker.ctx, token, overlap=overlap, actor=asker.actor)
    except SAID as exc:
        return _show_rotate(visit, old, typed, wrong=exc)
    return _show_made(visit, made, "The new token", old, format_duration(overlap))


@router.get("/{token}/revoke")
def show_revoke(visit: Visiting, token: TokenId) -> Response:
    one = tokens.one(visit.asker.ctx, token, actor=visit.asker.actor)
    if not one.usable(visit.now):
        raise Refused(f"token {one.id} is over already", "/people/tokens  shows those that can be used")
    return visit.show("people/token_revoke.html", one=one, own=one.id == visit.asker.actor.token)


@router.post("/{token}/revoke")
def revoke_token(visit: Visiting, token: TokenId) -> Response:
    ended = tokens.revoke(visit.asker.ctx, token, actor=visit.asker.actor)
    said = f"Token {ended.name} of {ended.login} is worth nothing any more"
    return done(visit, "Revoked", said, "/people/tokens")
