"""Who asks, by the token of their request; and what every handler is given."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import Request

from im.domain.access import Actor, Grant, Role
from im.domain.errors import Denied, NotSignedIn
from im.domain.event import Channel
from im.domain.instance import Instance
from im.services.people import tokens
from im.web.settings import Sees, WebSettings

if TYPE_CHECKING:
    from im.context import Context

_bearer = HTTPBearer(auto_error=False, description="A token as `im token create` makes it.", scheme_name="token")


@dataclass(frozen=True, slots=True)
class Asker:
    """One request's context and actor."""

    ctx: Context
    actor: Actor

    @property
    def sees_all(self) -> bool:
        return Role.ADMIN in self.actor.roles or self.ctx.settings.own(WebSettings).members_see is Sees.ALL

    def sees(self, row: Instance) -> bool:
        return self.sees_all or self.actor.owns(row.owner)


def _asker(request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> Asker:
    ctx: Context = request.app.state.ctx
    if given is None:
        raise NotSignedIn("this needs a token", "send Authorization: Bearer im_pat_…; im token create  makes one")
    actor, _ = tokens.authenticate(ctx, given.credentials, Channel.API, request.state.request_id)
    if Grant.READ not in actor.grants:
        raise Denied("this token may not read", "im token create  makes another")
    return Asker(replace(ctx, look=None), actor)


Asking = Annotated[Asker, Depends(_asker)]
