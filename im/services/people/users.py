"""Users are added, changed, disabled and removed; there is always an admin left."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from im.db.people import audit, sessions, tokens, users, views
from im.db.webhooks import hooks
from im.domain.access import Actor, Role, Verb
from im.domain.config.oidc import OidcSettings
from im.domain.errors import NoSuchUser, Refused
from im.domain.input.text import check_text
from im.domain.people.user import SUBJECT, User, UserKind, check_display, check_login
from im.services import access

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from im.context import Context


def listed(ctx: Context) -> list[User]:
    with ctx.begin() as connection:
        return users.listed(connection)


def add(
    ctx: Context,
    login: str,
    *,
    kind: UserKind = UserKind.PERSON,
    role: Role = Role.MEMBER,
    team: str | None = None,
    display: str = "",
    actor: Actor,
) -> User:
    """Raises Refused, also for a login that is taken, by a person, a service or a team."""
    access.ask(actor, Verb.MANAGE_USERS)
    check_login(login)
    if display:
        check_display(display)
    if kind is UserKind.TEAM:
        if team is not None:
            raise Refused("a team is in no other team", "leave --team out")
        role = Role.VIEWER
    with ctx.storing() as connection:
        now = ctx.clock(connection)
        if (other := users.one(connection, login)) is not None:
            raise Refused(f"'{login}' is taken, by a {other.kind}", "im user  shows who there is; take another login")
        _check_team(connection, team)
        user = User(login, kind, role, team, display or login, now, actor.name)
        users.add(connection, user)
        audit.record(connection, actor, "user added", login, told(user), now)
    return user


def one(ctx: Context, login: str) -> User:
    """Raises NoSuchUser."""
    with ctx.begin() as connection:
        found = users.one(connection, login)
    if found is None:
        raise _nobody(login)
    return found


def change(
    ctx: Context,
    login: str,
    *,
    role: Role | None = None,
    team: str | None = None,
    display: str | None = None,
    disabled: bool | None = None,
    subject: str | None = None,
    actor: Actor,
) -> User:
    """None leaves a thing as it is; an empty `team` takes the user out of theirs, an empty `subject` lets nobody sign in as them.

    `subject` is what the configured identity provider calls them.

    Whoever is disabled does nothing from now on: their tokens and sessions end with it. What they have runs on until its deadlines.
    """
    access.ask(actor, Verb.MANAGE_USERS)
    with ctx.storing() as connection:
        now = ctx.clock(connection)
        user = _locked(connection, login)
        if user.kind is UserKind.TEAM and (role is not None or team is not None):
            raise Refused(
                f"{login} is a team, which has no role and is in no team", "--display  is what can be changed"
            )
        if team:
            _check_team(connection, team)
        if display is not None:
            check_display(display)
        after = replace(
            user,
            role=user.role if role is None else role,
            team=user.team if team is None else team or None,
            display=user.display if display is None else display,
            disabled_at=user.disabled_at if disabled is None else (user.disabled_at or now) if disabled else None,
        )
        if subject is not None:
            after = _identified(ctx, connection, after, subject)
            sessions.revoke_of(connection, login, now)
        _keep_an_admin(connection, user, after)
        if disabled:
            tokens.revoke_of(connection, login, now)
            sessions.revoke_of(connection, login, now)
        users.write(connection, after)
        verb = {None: "user changed", True: "user disabled", False: "user enabled"}[disabled]
        audit.record(connection, actor, verb, login, f"{told(user)} → {told(after)}", now)
    return after


def remove(ctx: Context, login: str, *, actor: Actor) -> None:
    """Forget a user; the history keeps the name. Raises Refused while they own something that lives."""
    access.ask(actor, Verb.MANAGE_USERS)
    with ctx.storing() as connection:
        now = ctx.clock(connection)
        user = _locked(connection, login)
        if owned := users.owns(connection, login):
            raise Refused(
                f"{login} still has {owned} instance{'s' if owned > 1 else ''}",
                f"im give --filter owner={login} SOMEBODY  hands them over; im list --filter owner={login}  shows them",
            )
        if user.kind is UserKind.TEAM and (members := users.members(connection, login)):
            raise Refused(f"{members[0]} is in team {login}", f"im user set {members[0]} --no-team")
        _keep_an_admin(connection, user, None)
        tokens.revoke_of(connection, login, now)
        sessions.revoke_of(connection, login, now)
        hooks.remove_of(connection, login)
        views.remove_of(connection, login)
        users.remove(connection, login)
        audit.record(connection, actor, "user removed", login, told(user), now)


def check_owner(ctx: Context, login: str) -> None:
    """Raises NoSuchUser, Refused for who can own nothing."""
    with ctx.begin() as connection:
        check_owner_in(connection, login)


def check_owner_in(connection: Connection, login: str) -> None:
    """With users about, an owner is one of them; without any, a word is as good as another."""
    user = users.one(connection, login)
    if user is None and users.any_at_all(connection):
        raise NoSuchUser(
            f"there is no user or team '{login[:80]}'",
            "im user  shows who there is; im user add NAME  adds one, and IM_OWNER=NAME says that you are that one",
        )
    if user is not None and user.kind is not UserKind.TEAM and user.disabled_at is not None:
        raise Refused(f"{login} is disabled", f"im user enable {login}, or name another")


def _locked(connection: Connection, login: str) -> User:
    if (user := users.lock(connection, login)) is None:
        raise _nobody(login)
    return user


def _nobody(login: str) -> NoSuchUser:
    return NoSuchUser(f"there is no user '{login[:80]}'", "im user  shows who there is")


def _check_team(connection: Connection, team: str | None) -> None:
    if team is None:
        return
    found = users.lock(connection, team)
    if found is None or found.kind is not UserKind.TEAM:
        raise NoSuchUser(f"there is no team '{team[:80]}'", f"im user add {team[:80]} --kind team  makes it")


def _identified(ctx: Context, connection: Connection, user: User, subject: str) -> User:
    if not subject:
        return replace(user, issuer=None, subject=None)
    issuer = ctx.settings.own(OidcSettings).oidc_issuer
    if not issuer:
        raise Refused("no identity provider is configured", "set IM_OIDC_ISSUER first")
    if user.kind is not UserKind.PERSON:
        raise Refused(f"{user.login} is a {user.kind}, and does not sign in", "name a person")
    check_text(subject, "the subject", SUBJECT, "write it as the provider's claim `sub` has it")
    other = users.identified(connection, issuer, subject)
    if other is not None and other.login != user.login:
        raise Refused(f"that subject is {other.login}", f"im user set {other.login} --no-subject  frees it")
    return replace(user, issuer=issuer, subject=subject)


def _keep_an_admin(connection: Connection, before: User, after: User | None) -> None:
    stays = after is not None and after.role is Role.ADMIN and after.disabled_at is None
    if not stays and is_last_admin(connection, before):
        raise Refused(
            f"{before.login} is the only admin there is", "make another one first: im user set NAME --role admin"
        )


def is_last_admin(connection: Connection, user: User) -> bool:
    """Nobody else could let people in again. Whoever asks is alone in asking until the transaction ends."""
    admin = user.role is Role.ADMIN and user.kind is UserKind.PERSON and user.disabled_at is None
    return admin and not users.other_admins(connection, user.login)


def told(user: User) -> str:
    words = [user.kind.value, *([] if user.kind is UserKind.TEAM else [user.role.value])]
    if user.team:
        words.append(f"in {user.team}")
    if user.disabled_at:
        words.append("disabled")
    if user.subject:
        words.append(f"signs in as {user.subject}")
    return " ".join(words)
