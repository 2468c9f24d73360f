"""The pages on which one signs in and out. GET shows, POST does: no preview of a link signs anybody in, and none uses it up."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

from fastapi import APIRouter, Form, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from im.domain.config.oidc import OidcSettings
from im.domain.errors import ImError, NotSignedIn
from im.domain.people.token import shown
from im.services.people import links, sessions
from im.web import cookie
from im.web.api.problem import status_of
from im.web.api.rates import Pace, Rates
from im.web.page.site import show_alone
from im.web.sign_in.destination import own_path

if TYPE_CHECKING:
    from im.context import Context
    from im.services.people.sessions import Made

_T = TypeVar("_T")
router = APIRouter(include_in_schema=False)
_LONGEST = 4000
Text = Annotated[str, Form(max_length=_LONGEST)]
Asked = Annotated[str, Query(max_length=_LONGEST)]


@router.get("/sign-in")
def show_sign_in(request: Request, next: Asked = "/") -> Response:
    """A token can be pasted, or the identity provider asked."""
    if _signed_in(request):
        return RedirectResponse(own_path(next), 303)
    return sign_in_page(request, own_path(next))


@router.post("/sign-in")
def sign_in(request: Request, token: Text = "", next: Text = "/") -> Response:
    """By a token."""
    secret = token.strip()
    goes_to = own_path(next)
    try:
        made = counted(request, shown(secret), lambda: _by_token(request, secret))
    except ImError as exc:
        return sign_in_page(request, goes_to, exc)
    return signed_in(request, made, goes_to)


@router.get("/enter")
def show_enter(request: Request, link: Asked = "") -> Response:
    """Whom the link would sign in; that it was looked at does not use it up."""
    try:
        found = counted(request, "", lambda: links.look(context_of(request), link))
    except ImError as exc:
        return sign_in_page(request, "/", exc)
    return show_alone(request, "enter.html", {"secret": link, "login": found.login})


@router.post("/enter")
def enter(request: Request, link: Text = "") -> Response:
    """By a one-use link."""
    before, home = cookie.secret_in(request), cookie.at_home(request)
    request_id = request.state.request_id
    try:
        made = counted(
            request, "", lambda: links.enter(context_of(request), link, request_id, at_home=home, replacing=before)
        )
    except ImError as exc:
        return sign_in_page(request, "/", exc)
    return signed_in(request, made, "/")


@router.get("/sign-out")
def show_sign_out(request: Request) -> Response:
    return show_alone(request, "sign_out.html", {})


@router.post("/sign-out")
def sign_out(request: Request) -> Response:
    """The session is over, wherever else its cookie may be."""
    if (secret := cookie.secret_in(request)) is not None:
        sessions.end(context_of(request), secret, request.state.request_id)
    answer = RedirectResponse("/sign-in", 303)
    cookie.drop(answer, request)
    return answer


def signed_in(request: Request, made: Made, goes_to: str) -> Response:
    answer = RedirectResponse(own_path(goes_to), 303)
    cookie.keep(answer, request, made.secret)
    return answer


def context_of(request: Request) -> Context:
    ctx: Context = request.app.state.ctx
    return ctx


def _by_token(request: Request, secret: str) -> Made:
    return sessions.by_token(context_of(request), secret, request.state.request_id, cookie.secret_in(request))


def _signed_in(request: Request) -> bool:
    if (secret := cookie.secret_in(request)) is None:
        return False
    try:
        sessions.authenticate(context_of(request), secret, request.state.request_id, at_home=cookie.at_home(request))
    except NotSignedIn:
        return False
    return True


def counted(request: Request, prefix: str, tried: Callable[[], _T]) -> _T:
    """What was tried in vain is counted by address and by the beginning of the token. Raises TooMany, NotSignedIn."""
    rates: Rates = request.app.state.rates
    tried_by = {"address": cookie.address_of(request), "token": prefix}
    keys = [f"{what} {who}" for what, who in tried_by.items() if who]
    for key in keys:
        rates.check(Pace.SIGN_INS, key)
    try:
        return tried()
    except NotSignedIn:
        for key in keys:
            rates.take(Pace.SIGN_INS, key)
        raise


def sign_in_page(request: Request, goes_to: str, error: ImError | None = None) -> Response:
    own = context_of(request).settings.own(OidcSettings)
    told: dict[str, object] = {"goes_to": goes_to, "error": error, "provider": own.oidc_name if own.oidc_issuer else ""}
    answer = show_alone(request, "sign_in.html", told, 200 if error is None else status_of(error))
    if (after := getattr(error, "after", None)) is not None:
        answer.headers["Retry-After"] = str(after)
    return answer
