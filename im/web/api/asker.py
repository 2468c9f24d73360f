"""Who asks, by the token of their request or the cookie of their browser; and what every handler is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import Request

from im.domain.access import Actor, Grant, Role
from im.domain.config.web import Sees, WebSettings
from im.domain.errors import Denied, NotSignedIn
from im.domain.event import Channel
from im.domain.instance import Instance
from im.domain.people import token as rule
from im.mcp import CHANNEL_HEADER
from im.services.people import sessions, tokens
from im.web import cookie
from im.web.api.rates import Pace, Rates

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import FastAPI

    from im.context import Context

_bearer = HTTPBearer(auto_error=False, description="A token as `im token create` makes it.", scheme_name="token")
_session = APIKeyCookie(
    name=cookie.SECURE, auto_error=False, description="A browser that is signed in.", scheme_name="session"
)


@dataclass(frozen=True, slots=True)
class Asker:
    """One request's context and actor."""

    ctx: Context
    actor: Actor

    @property
    def sees_all(self) -> bool:
        return Role.ADMIN in self.actor.roles or self.ctx.settings.own(WebSettings).members_see is Sees.ALL

    @property
    def seen_owners(self) -> tuple[str, ...] | None:
        """Whose things the asker may see; None: everybody's."""
        return None if self.sees_all else (self.actor.name, *sorted(self.actor.teams))

    def sees(self, row: Instance) -> bool:
        return self.sees_all or self.actor.owns(row.owner)


def bearer_of(request: Request) -> str | None:
    """The token that was sent, if there was one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def asker_of(request: Request, token: str | None = None) -> Asker:
    """Who asks: by `token`, or where none is sent by the cookie. Raises NotSignedIn, TooMany, Denied.

    A browser sends its cookie with whatever it asks for; that no page of another site makes it ask is `im.web.gate`'s to see to.
    """
    ctx: Context = request.app.state.ctx
    actor, key = _by_token(request, ctx, token) if token is not None else _by_cookie(request, ctx)
    rates: Rates = request.app.state.rates
    rates.take(Pace.READS if request.method in ("GET", "HEAD") else Pace.WRITES, key)
    return _reading(ctx, actor)


def still(request: Request, token: str | None) -> Asker:
    """The same once more, for an answer that goes on: it counts as no request, and keeps no session from falling asleep."""
    ctx: Context = request.app.state.ctx
    if token is not None:
        return _reading(ctx, tokens.authenticate(ctx, token, _channel(request), request.state.request_id)[0])
    return _reading(ctx, _by_cookie(request, ctx, asks=False)[0])


def _reading(ctx: Context, actor: Actor) -> Asker:
    if Grant.READ not in actor.grants:
        raise Denied("this token may not read", "im token create  makes another")
    return Asker(ctx, actor)


def _by_cookie(request: Request, ctx: Context, *, asks: bool = True) -> tuple[Actor, str]:
    secret = cookie.secret_in(request)
    if secret is None:
        raise NotSignedIn("this needs a token", "send Authorization: Bearer im_pat_…; im token create  makes one")
    home = cookie.at_home(request)
    actor, session = sessions.authenticate(ctx, secret, request.state.request_id, at_home=home, asks=asks)
    return actor, session.id


def look_in(request: Request, token: str) -> None:
    """Whether one may come in with `token` at all: one look, and nothing is asked yet. Raises NotSignedIn, TooMany, Denied."""
    ctx: Context = request.app.state.ctx
    actor, key = _by_token(request, ctx, token)
    rates: Rates = request.app.state.rates
    rates.take(Pace.READS, key)
    _reading(ctx, actor)


def _channel(request: Request) -> Channel:
    """By its own word, which gives nobody a right."""
    return Channel.MCP if request.headers.get(CHANNEL_HEADER) == Channel.MCP.value else Channel.API


def _by_token(request: Request, ctx: Context, token: str) -> tuple[Actor, str]:
    rates: Rates = request.app.state.rates
    address = cookie.address_of(request) or rule.shown(token)
    rates.admit(Pace.STRANGERS, address)
    try:
        actor, _ = tokens.authenticate(ctx, token, _channel(request), request.state.request_id)
    except NotSignedIn:
        rates.strike(Pace.STRANGERS, address)
        raise
    return actor, actor.token


def _asker(
    request: Request,
    given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    _: Annotated[str | None, Depends(_session)],
) -> Asker:
    return asker_of(request, None if given is None else given.credentials)


def ask_as(app: FastAPI, who: Callable[[str], Actor]) -> None:
    """Whoever asks `app` is `who`, by the id of their request: for an application to which no socket leads."""

    def asker(request: Request) -> Asker:
        return Asker(request.app.state.ctx, who(request.state.request_id))

    app.dependency_overrides[_asker] = asker


Asking = Annotated[Asker, Depends(_asker)]
