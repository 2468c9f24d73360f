"""Tokens on the real database: whoever shows one acts as its user may now, and a secret is nowhere but in its holder's hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from im.domain.access import EVERYTHING, Actor, Allow, Deny, Grant, Role, Verb, may
from im.domain.errors import Denied, NoSuchToken, NoSuchUser, NotSignedIn, OverLimit, Refused
from im.domain.event import Channel
from im.domain.people.token import Made
from im.domain.people.user import UserKind
from im.services.people import audit, tokens, users
from tests.people import person
from tests.world import World

ROOT = person("root")
H = timedelta(hours=1)


def _user(world: World, login: str, role: Role = Role.MEMBER, kind: UserKind = UserKind.PERSON) -> None:
    users.add(world.ctx, login, role=role, kind=kind, actor=ROOT)


def _make(world: World, login: str, *grants: Grant, life: timedelta | None = None) -> Made:
    granted = frozenset(grants or (Grant.READ, Grant.WRITE))
    return tokens.create(world.ctx, login, "laptop", grants=granted, life=life, actor=ROOT)


def _actor(world: World, secret: str) -> Actor:
    return tokens.authenticate(world.ctx, secret, Channel.API, "r-1")[0]


def test_the_first_user_is_asked_for_as_an_admin_and_others_are_not(world: World) -> None:
    for hint in ("im user add ada --role admin  makes one", "im user add ada  makes one"):
        with pytest.raises(NoSuchUser) as caught:
            _make(world, "ada")
        assert caught.value.hint == hint
        if "admin" in hint:
            _user(world, "bob")


def test_who_shows_it_acts_as_its_user_cut_down_to_what_it_grants(world: World) -> None:
    _user(world, "bob")
    actor = _actor(world, _make(world, "bob").secret)
    assert (actor.name, actor.channel, actor.request_id) == ("bob", Channel.API, "r-1")
    assert may(actor, Verb.EXTEND, "bob") == Allow()
    assert isinstance(may(actor, Verb.EXTEND, "ada"), Deny)
    assert may(actor, Verb.TERMINATE, "bob") == Deny(
        "this token may not terminate instances: it does not grant terminate"
    )


def test_the_role_is_the_one_of_now(world: World) -> None:
    _user(world, "ada", Role.ADMIN)
    _user(world, "bob", Role.ADMIN)
    secret = _make(world, "bob", *Grant).secret
    assert may(_actor(world, secret), Verb.SET_BUDGET, None) == Allow()
    users.change(world.ctx, "bob", role=Role.VIEWER, actor=ROOT)
    assert isinstance(may(_actor(world, secret), Verb.STOP, "bob"), Deny)


@pytest.mark.parametrize("how", ["revoked", "expired", "disabled", "removed", "never made"])
def test_a_token_that_is_over_is_worth_nothing(world: World, how: str) -> None:
    _user(world, "bob")
    made = _make(world, "bob", life=H)
    secret = made.secret
    if how == "revoked":
        tokens.revoke(world.ctx, made.token.id, actor=ROOT)
    elif how == "expired":
        world.now += H
    elif how == "disabled":
        users.change(world.ctx, "bob", disabled=True, actor=ROOT)
        users.change(world.ctx, "bob", disabled=False, actor=ROOT)  # what ended stays ended
    elif how == "removed":
        users.remove(world.ctx, "bob", actor=ROOT)
    else:
        from secrets import choice

        from im.domain.people import token

        secret = token.make(UserKind.PERSON, choice)
    with pytest.raises(NotSignedIn, match="that token is not valid: it was revoked, has expired, or never was"):
        _actor(world, secret)


def test_the_secret_is_in_no_row(world: World) -> None:
    _user(world, "bob")
    secret = _make(world, "bob").secret
    with world.ctx.begin() as connection:
        for table in ("tokens", "audit", "users", "events"):
            rows = connection.execute(text(f"SELECT t::text FROM {table} t")).scalars()
            assert not [row for row in rows if secret in row or secret[11:30] in row]


def test_last_used_is_kept_to_the_minute(world: World) -> None:
    _user(world, "bob")
    made = _make(world, "bob")
    moments = []
    for _ in range(3):
        world.now += timedelta(seconds=40)
        _actor(world, made.secret)
        moments.append(tokens.listed(world.ctx, "bob", actor=ROOT)[0].last_used_at)
    assert moments == [world.now - timedelta(seconds=80)] * 2 + [world.now]


def test_rotated_it_has_a_successor_and_lives_on_for_a_while(world: World) -> None:
    _user(world, "bob")
    old = _make(world, "bob", Grant.READ, life=10 * H)
    holder = _actor(world, old.secret)
    new = tokens.rotate(world.ctx, old.token.id, overlap=H, actor=holder)
    assert (new.token.grants, new.token.name) == (old.token.grants, old.token.name)
    assert new.token.expires_at - new.token.made_at == 10 * H
    assert _actor(world, old.secret).name == _actor(world, new.secret).name == "bob"
    world.now += H
    with pytest.raises(NotSignedIn):
        _actor(world, old.secret)
    assert _actor(world, new.secret).name == "bob"


def test_a_token_makes_no_other_and_sees_no_other(world: World) -> None:
    _user(world, "bob", Role.ADMIN)
    mine, other = _make(world, "bob", *Grant), _make(world, "bob")
    holder = _actor(world, mine.secret)
    with pytest.raises(Denied, match="a token cannot make another"):
        tokens.create(world.ctx, "bob", "more", grants=EVERYTHING, actor=holder)
    weak = _actor(world, other.secret)
    with pytest.raises(NoSuchToken):
        tokens.revoke(world.ctx, mine.token.id, actor=weak)
    with pytest.raises(NoSuchToken):
        tokens.rotate(world.ctx, mine.token.id, actor=weak)
    tokens.revoke(world.ctx, other.token.id, actor=weak)  # its own: whoever finds one may end it
    with pytest.raises(NotSignedIn):
        _actor(world, other.secret)


def test_a_member_makes_tokens_for_nobody_else(world: World) -> None:
    _user(world, "bob")
    _user(world, "eve")
    eve = replace(person("eve", Role.MEMBER), channel=Channel.WEB)
    assert tokens.create(world.ctx, "eve", "mine", actor=eve).token.login == "eve"
    for ask in (
        lambda: tokens.create(world.ctx, "bob", "his", actor=eve),
        lambda: tokens.listed(world.ctx, "bob", actor=eve),
        lambda: tokens.listed(world.ctx, None, actor=eve),
    ):
        with pytest.raises(Denied, match="for themselves only"):
            ask()


def test_nobody_speaks_for_a_team(world: World) -> None:
    _user(world, "ml", kind=UserKind.TEAM)
    with pytest.raises(Refused, match="ml is a team"):
        _make(world, "ml")


def test_a_life_longer_than_the_deployment_allows_is_refused_and_the_usual_one_is_cut(world: World) -> None:
    _user(world, "bob")
    world.ctx = replace(world.ctx, settings=replace(world.ctx.settings, token_max="2d"))
    with pytest.raises(OverLimit, match="at most 2d"):
        _make(world, "bob", life=timedelta(days=3))
    made = _make(world, "bob")
    assert made.token.expires_at - world.now == timedelta(days=2)


def test_breaking_the_glass_is_for_who_has_the_database_and_is_told(world: World) -> None:
    made = tokens.break_glass(world.ctx, "incident 7", life=H, actor=ROOT)
    actor = _actor(world, made.secret)
    assert (actor.roles, actor.grants) == ({Role.ADMIN}, EVERYTHING)
    assert [(entry.verb, entry.actor) for entry in audit.listed(world.ctx, 5)] == [("glass broken", "root")]
    with pytest.raises(Denied, match="only who has the database's address"):
        tokens.break_glass(world.ctx, "more", life=H, actor=actor)
    with pytest.raises(Refused, match="is not rotated"):
        tokens.rotate(world.ctx, made.token.id, actor=actor)
