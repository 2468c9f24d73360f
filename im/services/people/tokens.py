"""Tokens are made, shown once, used, rotated and revoked; whoever holds one acts with its user's role as it is now."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from im.db.people import audit, rights, tokens, users
from im.db.read.connection import Moment
from im.domain.access import EVERYTHING, Actor, Grant, Role, Verb
from im.domain.errors import Denied, NoSuchToken, NoSuchUser, NotSignedIn, OverLimit, Refused
from im.domain.event import Channel
from im.domain.input.duration import format_duration, parse_duration
from im.domain.input.text import check_text
from im.domain.people import token as rule
from im.domain.people.token import Made, Token
from im.domain.people.user import User, UserKind
from im.services import access

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from im.context import Context

NAME = 60
OVERLAP = timedelta(hours=1)
"""How long an old token still works after it was rotated, unless told otherwise."""
_ASK_AGAIN = "im token create  makes one; an admin of this deployment can do that for you"


def create(
    ctx: Context,
    login: str,
    name: str,
    *,
    grants: frozenset[Grant] = frozenset({Grant.READ, Grant.WRITE}),
    life: timedelta | None = None,
    actor: Actor,
) -> Made:
    """A token by which `login` is spoken for. Raises Refused, Denied, NoSuchUser, OverLimit."""
    access.ask(actor, Verb.MAKE_TOKEN).on([login])
    check_text(name, "the token's name", NAME, "name what it is for: ci, laptop")
    if actor.token:
        raise Denied("a token cannot make another", "sign in and make it yourself, or rotate this one")
    asked = _life(ctx, life)
    with ctx.storing() as connection:
        now = ctx.clock(connection)
        user = users.lock(connection, login)
        if user is None:
            # where nobody has been added the first has to be an admin
            role = "" if users.any_at_all(connection) else " --role admin"
            raise NoSuchUser(f"there is no user '{login[:80]}'", f"im user add {login[:80]}{role}  makes one")
        if user.kind is UserKind.TEAM:
            raise Refused(
                f"{login} is a team, and nobody speaks for all of it", "make a service: im user add --kind service"
            )
        if user.disabled_at is not None:
            raise Refused(f"{login} is disabled", f"im user enable {login}")
        made = _make(login, user.kind, name, grants, now, now + asked, actor.name)
        _store(connection, made, actor, now)
    return made


def break_glass(ctx: Context, name: str, *, life: timedelta, actor: Actor) -> Made:
    """A token for an admin who need not be a user, by whoever has the database's address. Told loudly, in the audit too."""
    access.ask(actor, Verb.BREAK_GLASS)
    if actor.channel is not Channel.CLI or actor.token:
        raise Denied("only who has the database's address breaks the glass", "do it on a machine of the deployment")
    check_text(name, "the token's name", NAME, "name what it is for: incident 7")
    with ctx.storing() as connection:
        now = ctx.clock(connection)
        made = _make(actor.name, UserKind.PERSON, name, EVERYTHING, now, now + _life(ctx, life), actor.name)
        made = replace(made, token=replace(made.token, break_glass=True))
        _store(connection, made, actor, now)
    return made


def listed(ctx: Context, login: str | None, *, actor: Actor) -> list[Token]:
    """One user's, or with None everybody's, which an admin alone may see."""
    access.ask(actor, Verb.MAKE_TOKEN).on([login])
    with ctx.begin() as connection:
        return tokens.listed(connection, login)


def one(ctx: Context, token_id: str, *, actor: Actor) -> Token:
    """Raises NoSuchToken also for one that the actor may not end: whose it is is for others to know."""
    access.ask(actor, Verb.END_TOKEN)
    with ctx.begin() as connection:
        return _one(connection, token_id, actor)


def revoke(ctx: Context, token_id: str, *, actor: Actor) -> Token:
    """It is worth nothing from now on. Whoever holds a token may revoke that one, whatever it grants."""
    access.ask(actor, Verb.END_TOKEN)
    with ctx.storing() as connection:
        now = ctx.clock(connection)
        token = _one(connection, token_id, actor)
        if tokens.revoke(connection, token_id, now):
            audit.record(connection, actor, "token revoked", token.login, _said(token), now)
    return token


def rotate(ctx: Context, token_id: str, *, overlap: timedelta = OVERLAP, actor: Actor) -> Made:
    """Another with the same rights and as long a life; the old one works for `overlap` more."""
    access.ask(actor, Verb.END_TOKEN)
    with ctx.storing() as connection:
        now = ctx.clock(connection)
        old = _one(connection, token_id, actor)
        if not old.usable(now):
            raise Refused(f"token {old.id} is over", "im token create  makes one")
        if old.break_glass:
            raise Refused("a token of a broken glass is not rotated", "im token create --admin  makes another")
        user = users.lock(connection, old.login)
        if user is None or not user.acts:
            raise Refused(f"{old.login} is disabled, or is no user any more", "im user  shows who there is")
        life = min(old.expires_at - old.made_at, _longest(ctx))
        made = _make(old.login, user.kind, old.name, old.grants, now, now + life, actor.name)
        _store(connection, made, actor, now)
        tokens.shorten(connection, old.id, now + overlap)
    return made


def authenticate(ctx: Context, secret: str, channel: Channel, request_id: str) -> tuple[Actor, Token]:
    """Who asks, by their token: the role is the user's as it is now, cut down to what the token grants.

    Raises NotSignedIn, with one sentence for a token that never was and one that is over.
    """
    try:
        rule.check(secret)
    except Refused as exc:
        raise NotSignedIn(exc.message, exc.hint) from None
    with ctx.looking() as looking:
        right = rights.by_token(looking, rule.digest(secret))
    if right is None or right.token is None or not right.token.usable(now := ctx.clock(Moment(right.at))):
        raise NotSignedIn("that token is not valid: it was revoked, has expired, or never was", _ASK_AGAIN)
    token = right.token
    actor = spoken_for(token, right.user, channel, request_id)
    if not tokens.is_noted(token, now):
        with ctx.begin() as connection:
            tokens.used(connection, token.id, now)
    return actor, token


def holder(connection: Connection, token: Token, channel: Channel, request_id: str) -> Actor:
    """Who asks when it is asked by this token, with the rights of this moment. Raises NotSignedIn."""
    return spoken_for(token, users.one(connection, token.login), channel, request_id)


def spoken_for(token: Token, user: User | None, channel: Channel, request_id: str) -> Actor:
    """The same of a user who was read with it: None for who is none any more."""
    if token.break_glass:
        return replace(Actor.admin(token.login, channel, request_id), token=token.id)
    if user is None or not user.acts:
        raise NotSignedIn(
            "the user of that token is disabled, or is no user any more", "ask an admin of this deployment"
        )
    teams = frozenset({user.team} if user.team else ())
    return Actor(user.login, frozenset({user.role}), channel, request_id, teams, token.grants, token.id)


def _one(connection: Connection, token_id: str, actor: Actor) -> Token:
    """Raises NoSuchToken also for one that the actor may not see: whether it exists is theirs to know who may."""
    token = tokens.by_id(connection, token_id)
    own = token is not None and (token.id == actor.token or (token.login == actor.name and not actor.token))
    if token is None or not (own or (Role.ADMIN in actor.roles and Grant.ADMIN in actor.grants)):
        raise NoSuchToken(f"there is no token '{token_id[:40]}'", "im token  shows them")
    return token


def _store(connection: Connection, made: Made, actor: Actor, now: datetime) -> None:
    tokens.add(connection, made.token, rule.digest(made.secret))
    verb = "glass broken" if made.token.break_glass else "token made"
    audit.record(connection, actor, verb, made.token.login, _said(made.token), now)


def _make(
    login: str, kind: UserKind, name: str, grants: frozenset[Grant], now: datetime, until: datetime, by: str
) -> Made:
    secret = rule.make(kind, secrets.choice)
    token = Token(f"tok-{secrets.token_hex(5)}", login, name, rule.shown(secret), grants, now, by, until)
    return Made(token, secret)


def _life(ctx: Context, asked: timedelta | None) -> timedelta:
    most = _longest(ctx)
    if asked is not None and asked > most:
        raise OverLimit(
            f"a token of this deployment lives at most {format_duration(most)}",
            f"--for {format_duration(most)}; IM_TOKEN_MAX is the limit",
        )
    return min(rule.USUAL_LIFE, most) if asked is None else asked


def _longest(ctx: Context) -> timedelta:
    return parse_duration(ctx.settings.token_max)


def _said(token: Token) -> str:
    until = f"{token.expires_at:%Y-%m-%d %H:%M:%S} UTC"
    return f"{token.id} '{token.name}' {token.shown}…, for {', '.join(sorted(token.grants))}, until {until}"
