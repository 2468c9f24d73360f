"""Browsers sign in, are asked for with each request who they are, and sign out; their rights are their user's as they are now."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from im.db.people import audit, rights, sessions, users
from im.db.read.connection import Moment
from im.domain.access import Actor, Deny, Verb, may
from im.domain.errors import NoSuchSession, NotSignedIn
from im.domain.event import Channel
from im.domain.people import session as rule
from im.domain.people.session import LONGEST, How, Session
from im.domain.people.token import PREFIX
from im.domain.people.user import User, UserKind
from im.services import access
from im.services.people import tokens as token_service

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from im.context import Context
    from im.db.people.rights import Right

_AGAIN = "sign in again"


@dataclass(frozen=True, slots=True)
class Made:
    session: Session
    secret: str
    """For the browser to keep; kept nowhere else."""


def by_token(ctx: Context, secret: str, request_id: str, replacing: str | None = None) -> Made:
    """Whoever shows a token has a session that grants what it grants, and lasts no longer. Raises NotSignedIn.

    `replacing` is what the browser held before: it is over, whoever gave it to the browser.
    """
    actor, token = token_service.authenticate(ctx, secret, Channel.WEB, request_id)
    if secret.startswith(PREFIX[UserKind.SERVICE]):
        raise NotSignedIn("that token is a service's, and nobody signs in as a service", "take one of your own")
    with ctx.storing() as connection:
        now = ctx.clock(connection)
        return begin(connection, actor, How.TOKEN, now, until=token.expires_at, replacing=replacing)


def begin(
    connection: Connection,
    actor: Actor,
    how: How,
    now: datetime,
    *,
    until: datetime | None = None,
    local: bool = False,
    replacing: str | None = None,
) -> Made:
    """A new session of `actor`'s, in the transaction of what they have proved who they are by."""
    if replacing and (before := sessions.by_digest(connection, rule.digest(replacing))) is not None:
        sessions.revoke(connection, before.id, now)
    ends = min(now + LONGEST, until or now + LONGEST)
    made = Session(f"ses-{secrets.token_hex(5)}", actor.name, how, actor.token or None, local, now, now, ends)
    secret = secrets.token_urlsafe(rule.BYTES)
    sessions.add(connection, made, rule.digest(secret))
    audit.record(connection, actor, "signed in", actor.name, _said(made), now)
    return Made(made, secret)


def authenticate(
    ctx: Context, secret: str, request_id: str, *, at_home: bool, asks: bool = True
) -> tuple[Actor, Session]:
    """Who asks, by what their browser holds. Raises NotSignedIn.

    `at_home`: the request comes from this machine to this machine. Nobody else is an admin without being a user.
    `asks`: it is somebody's request, by which the session is in use; else the right alone is looked at.
    """
    with ctx.looking() as looking:
        right = rights.by_session(looking, rule.digest(secret))
    if right is None or right.session is None or not right.session.usable(now := ctx.clock(Moment(right.at))):
        raise NotSignedIn("you are not signed in any more", _AGAIN)
    session = right.session
    actor = _actor(right, session, request_id, now, at_home=at_home)
    if asks and not sessions.is_noted(session, now):
        with ctx.begin() as connection:
            sessions.seen(connection, session, now)
    return actor, session


def end(ctx: Context, secret: str, request_id: str) -> None:
    """Sign out: what the browser holds is worth nothing from now on. What is over already stays so."""
    with ctx.storing() as connection:
        now = ctx.clock(connection)
        session = sessions.by_digest(connection, rule.digest(secret))
        if session is not None and sessions.revoke(connection, session.id, now):
            actor = Actor(session.login, frozenset(), Channel.WEB, request_id, token=session.token or "")
            audit.record(connection, actor, "signed out", session.login, _said(session), now)


def listed(ctx: Context, login: str | None, *, actor: Actor) -> list[Session]:
    """Those that are not over: one user's, or with None everybody's, which an admin alone may see."""
    access.ask(actor, Verb.END_SESSION).on([login])
    with ctx.begin() as connection:
        return sessions.listed(connection, login, ctx.clock(connection))


def held(ctx: Context, secret: str) -> Session | None:
    """The session that a browser holds, over or not."""
    with ctx.begin() as connection:
        return sessions.by_digest(connection, rule.digest(secret))


def revoke(ctx: Context, session_id: str, *, actor: Actor) -> Session:
    """End one of one's own, or as an admin anybody's, at once. Raises NoSuchSession also for one that is another's."""
    access.ask(actor, Verb.END_SESSION)
    with ctx.storing() as connection:
        now = ctx.clock(connection)
        found = sessions.by_id(connection, session_id)
        if found is None or isinstance(may(actor, Verb.END_SESSION, found.login), Deny):
            raise NoSuchSession(f"there is no session '{session_id[:40]}'", "im session  shows them")
        if sessions.revoke(connection, found.id, now):
            audit.record(connection, actor, "session ended", found.login, _said(found), now)
    return found


def user_actor(connection: Connection, login: str, request_id: str) -> Actor:
    """A user on the page, with the rights of this moment. Raises NotSignedIn for who may do nothing, or is no user."""
    return _acting(login, users.one(connection, login), request_id)


def _acting(login: str, user: User | None, request_id: str) -> Actor:
    if user is None or not user.acts:
        raise NotSignedIn(f"{login} is disabled, or is no user any more", "ask an admin of this deployment")
    teams = frozenset({user.team} if user.team else ())
    return Actor(user.login, frozenset({user.role}), Channel.WEB, request_id, teams)


def _actor(right: Right, session: Session, request_id: str, now: datetime, *, at_home: bool) -> Actor:
    if session.token is not None:
        if right.token is None or not right.token.usable(now):
            raise NotSignedIn("the token that you signed in with is over", _AGAIN)
        return token_service.spoken_for(right.token, right.user, Channel.WEB, request_id)
    if session.local:
        if not at_home or right.any_users:
            raise NotSignedIn("this deployment has users by now, and you signed in as none", _AGAIN)
        return Actor.admin(session.login, Channel.WEB, request_id)
    return _acting(session.login, right.user, request_id)


def _said(session: Session) -> str:
    by = f" {session.token}" if session.token else ""
    return f"{session.id}, by {session.how}{by}, until {session.expires_at:%Y-%m-%d %H:%M:%S} UTC at the latest"
