"""Signing in by an identity provider: out to it, and back from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from im.domain.config.oidc import OidcSettings
from im.domain.errors import ImError, NotFound, NotSignedIn
from im.domain.people.identity import identity_of
from im.services.people import identities, sign_ins
from im.web import cookie
from im.web.address import page_url
from im.web.api.rates import Pace
from im.web.sign_in.destination import own_path
from im.web.sign_in.pages import Asked, context_of, counted, sign_in_page, signed_in

if TYPE_CHECKING:
    from im.services.people.sessions import Made
    from im.web.sign_in.provider import Provider

router = APIRouter(include_in_schema=False)
BACK = "/sign-in/callback"
_NAME = "oidc"
_MINUTES = 600
_WORDS = {
    "access_denied": "it has let nobody in: you said no there, or it did",
    "login_required": "it wants you to sign in there first",
    "interaction_required": "it wants to ask you something first",
    "consent_required": "it wants you to agree first",
    "account_selection_required": "it wants to know which of your accounts you mean",
    "temporarily_unavailable": "it is away for the moment",
    "server_error": "something went wrong there",
}


@router.get("/sign-in/oidc")
def leave(request: Request, next: Asked = "/") -> Response:
    """To the provider. What is remembered of it is bound to this browser, and is over in ten minutes."""
    try:
        # each leaves a row behind for ten minutes, and nobody has proved anything yet
        request.app.state.rates.take(Pace.READS, f"leaving {cookie.address_of(request)}")
        provider, own = _provider(request), page_url(context_of(request).settings)
        if f"{request.url.scheme}://{request.url.netloc}" != own and not cookie.has_tls(request):
            # it comes back to the name that the provider knows, and no cookie of another would be there
            return RedirectResponse(f"{own}{request.url.path}?{request.url.query}", 303)
        leaving = provider.leave(own + BACK)
    except ImError as exc:
        return sign_in_page(request, own_path(next), exc)
    kept = sign_ins.begin(context_of(request), leaving.state, leaving.nonce, leaving.verifier, own_path(next))
    answer = RedirectResponse(leaving.url, 303)
    cookie.keep_aside(answer, request, _NAME, kept, _MINUTES)
    return answer


@router.get(BACK)
def come_back(
    request: Request,
    state: Asked = "",
    code: Asked = "",
    error: Asked = "",
    iss: Annotated[str | None, Query(max_length=500)] = None,
) -> Response:
    """From the provider: with a code that is worth a proof, or with a reason why not."""
    goes_to = "/"
    try:
        begun = counted(
            request, "", lambda: sign_ins.come_back(context_of(request), cookie.aside(request, _NAME), state)
        )
        goes_to = begun.goes_to
        own = context_of(request).settings.own(OidcSettings)
        if iss is not None and iss != own.oidc_issuer:  # RFC 9207: another provider's answer
            raise NotSignedIn(f"that answer is not {own.oidc_name}'s", "begin again")
        if error or not code:
            told = _WORDS.get(error, "it gives a reason that im does not know")
            raise NotSignedIn(f"{own.oidc_name} says: {told}", "begin again")
        made = counted(request, "", lambda: _proved(request, code, begun.nonce, begun.verifier))
    except ImError as exc:
        answer = sign_in_page(request, goes_to, exc)
    else:
        answer = signed_in(request, made, goes_to)
    cookie.drop_aside(answer, request, _NAME)
    return answer


def _proved(request: Request, code: str, nonce: str, verifier: str) -> Made:
    ctx = context_of(request)
    claims = _provider(request).prove(code, page_url(ctx.settings) + BACK, nonce, verifier)
    identity = identity_of(claims, ctx.settings.own(OidcSettings))
    return identities.sign_in(ctx, identity, request.state.request_id, replacing=cookie.secret_in(request))


def _provider(request: Request) -> Provider:
    found: Provider | None = request.app.state.provider
    if found is None:
        raise NotFound("no identity provider is configured", "set IM_OIDC_ISSUER, or sign in with a token")
    return found
