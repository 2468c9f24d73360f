"""One-use links by which a browser signs in: made where the database's address is known, or by a token; used within minutes."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from im.db.people import audit, sessions, tokens, users
from im.domain.access import Actor, Verb
from im.domain.errors import Denied, NoSuchUser, NotSignedIn, Refused
from im.domain.event import Channel
from im.domain.people import session as rule
from im.domain.people.session import How, Link
from im.domain.people.user import UserKind
from im.services import access
from im.services.people import sessions as session_service
from im.services.people import tokens as token_service

if TYPE_CHECKING:
    from im.context import Context

LIVES = timedelta(minutes=5)
PREFIX = "im_link_"
"""By which a scanner, or our own log, knows one."""


@dataclass(frozen=True, slots=True)
class Made:
    link: Link
    secret: str
    """Told once, kept nowhere."""


def make(ctx: Context, login: str | None, *, actor: Actor) -> Made:
    """A link that signs in `login`, or with None the actor. Raises Denied, Refused, NoSuchUser.

    By a token one signs in oneself, and the session grants no more than the token. Where there are no users at all, who has the
    database's address signs in as its admin, on this machine alone.
    """
    whose = login or actor.name
    access.ask(actor, Verb.MAKE_LINK).on([whose])
    here = actor.channel is Channel.CLI and not actor.token
    if actor.channel is Channel.WEB or not (here or actor.token):  # a session would outlive itself
        raise Denied("a link is made by a token, or where the database is", "im web link  on such a machine")
    if not here and whose != actor.name:
        raise Denied("a token signs in its own user only", "leave the name out")
    with ctx.storing() as connection:
        now = ctx.clock(connection)
        user = users.one(connection, whose)
        local = user is None and here and not users.any_at_all(connection)
        if user is None and here and not local:
            raise NoSuchUser(
                f"there is no user '{whose[:80]}'", f"im user add {whose[:80]}  makes one; --user signs in another"
            )
        if user is not None and (user.kind is not UserKind.PERSON or not user.acts):
            told = "disabled" if user.kind is UserKind.PERSON else f"a {user.kind}"
            raise Refused(f"{whose} is {told}, and does not sign in", "name a person with --user")
        made = Made(Link(whose, actor.token or None, local, now + LIVES), PREFIX + secrets.token_urlsafe(rule.BYTES))
        sessions.add_link(connection, made.link, rule.digest(made.secret))
        audit.record(connection, actor, "link made", whose, f"to sign in, until {now + LIVES:%H:%M:%S} UTC", now)
    return made


def look(ctx: Context, secret: str) -> Link:
    """Whom it signs in, without using it. Raises NotSignedIn."""
    with ctx.begin() as connection:
        found = sessions.link(connection, rule.digest(secret), ctx.clock(connection))
    if found is None:
        raise _over()
    return found


def enter(
    ctx: Context, secret: str, request_id: str, *, at_home: bool, replacing: str | None = None
) -> session_service.Made:
    """Use it: the browser is signed in, and the link is worth nothing more. Raises NotSignedIn."""
    with ctx.storing() as connection:
        now = ctx.clock(connection)
        link = sessions.use_link(connection, rule.digest(secret), now)
        if link is None:
            raise _over()
        until = None
        if link.token is not None:
            token = tokens.by_id(connection, link.token)
            if token is None or not token.usable(now):
                raise _over()
            actor, until = token_service.holder(connection, token, Channel.WEB, request_id), token.expires_at
        elif link.local:
            if not at_home or users.any_at_all(connection):
                raise NotSignedIn("this link is for its own machine, as long as there are no users", "im web link")
            actor = Actor.admin(link.login, Channel.WEB, request_id)
        else:
            actor = session_service.user_actor(connection, link.login, request_id)
        return session_service.begin(
            connection, actor, How.LINK, now, until=until, local=link.local, replacing=replacing
        )


def _over() -> NotSignedIn:
    return NotSignedIn("this link is over: it is used once, within 5 minutes", "im web link  makes another")
