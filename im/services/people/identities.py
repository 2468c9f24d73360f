"""Somebody whom an identity provider has proved is one of our users, or becomes one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from im.db.people import audit, users
from im.domain.access import Actor, Role
from im.domain.config.oidc import OidcSettings
from im.domain.errors import Denied
from im.domain.event import Channel
from im.domain.people.identity import Identity, first_role, login_for
from im.domain.people.session import How
from im.domain.people.user import User, UserKind
from im.services.people import sessions
from im.services.people.users import is_last_admin, told

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from im.context import Context


def sign_in(ctx: Context, identity: Identity, request_id: str, *, replacing: str | None = None) -> sessions.Made:
    """A session for whoever it is. Raises Denied for who is no user and becomes none, and for who is disabled."""
    settings = ctx.settings.own(OidcSettings)
    with ctx.storing() as connection:
        now = ctx.clock(connection)
        user = users.identified(connection, identity.issuer, identity.subject)
        if user is None:
            user = _first(connection, identity, settings, request_id, now)
        elif not user.acts:
            raise Denied(f"{user.login} is disabled", "ask an admin of this deployment")
        else:
            user = _again(connection, user, identity, settings, request_id, now)
        actor = sessions.user_actor(connection, user.login, request_id)
        return sessions.begin(connection, actor, How.OIDC, now, replacing=replacing)


def _first(connection: Connection, identity: Identity, settings: OidcSettings, request_id: str, now: datetime) -> User:
    role = first_role(identity, settings)
    connect = f"im user set NAME --subject '{identity.subject[:200]}'"
    if role is None:
        raise Denied("you are no user here", f"ask an admin of this deployment to add you, and to type: {connect}")
    login = login_for(identity)
    if users.lock(connection, login) is not None:  # whoever it is, nobody has proved that it is the same person
        raise Denied(f"there is another user called {login}", f"if that is you, ask an admin to type: {connect}")
    team = _team(connection, identity)
    by = f"oidc {identity.issuer}"
    user = User(
        login,
        UserKind.PERSON,
        role,
        team,
        identity.display or login,
        now,
        by[:128],
        None,
        identity.issuer,
        identity.subject,
    )
    users.add(connection, user)
    _record(connection, "user added", user, told(user), request_id, now)
    return user


def _again(
    connection: Connection, user: User, identity: Identity, settings: OidcSettings, request_id: str, now: datetime
) -> User:
    """What the claims say of role and team counts from now on; what they say nothing of stays."""
    role = identity.role
    if role is None and identity.ranked:
        role = first_role(identity, settings)
        if role is None:
            raise Denied(f"{user.login} is in no group that has a role here", "IM_OIDC_ROLES says which do")
    after = replace(user, role=role or user.role, team=_team(connection, identity) or user.team)
    if after.role is not Role.ADMIN and is_last_admin(connection, user):
        after = replace(after, role=user.role)
    if after != user:
        users.write(connection, after)
        _record(connection, "user changed", user, f"{told(user)} → {told(after)}", request_id, now)
    return after


def _team(connection: Connection, identity: Identity) -> str | None:
    """The first of the claim's that is a team here."""
    known = users.called(connection, identity.teams)
    return next((name for name in identity.teams if name in known and known[name].kind is UserKind.TEAM), None)


def _record(connection: Connection, verb: str, user: User, detail: str, request_id: str, now: datetime) -> None:
    actor = Actor(user.login, frozenset(), Channel.WEB, request_id)
    audit.record(connection, actor, verb, user.login, f"{detail}, by what {user.issuer} says", now)
