"""What a member does over the API with what is their own, where an admin may do it with anybody's."""

from __future__ import annotations

import json

import pytest

from im.cli.backend.place import Place
from im.domain.access import EVERYTHING, Role
from im.domain.people.session import How
from im.domain.people.user import UserKind
from im.services.people import sessions, tokens, users
from tests.integration.remote.conftest import ask
from tests.integration.serving import Serving
from tests.people import person
from tests.world import World

ROOT = person("root")


@pytest.fixture
def places(world: World, served: Serving) -> dict[str, Place]:
    """bob and eve are members, ada is an admin; each with a token of their own."""
    users.add(world.ctx, "ml", kind=UserKind.TEAM, actor=ROOT)
    made = {}
    for login, role in (("ada", Role.ADMIN), ("bob", Role.MEMBER), ("eve", Role.MEMBER)):
        users.add(world.ctx, login, role=role, team="ml" if login == "bob" else None, actor=ROOT)
        secret = tokens.create(world.ctx, login, "laptop", grants=EVERYTHING, actor=ROOT).secret
        made[login] = Place(served.url, secret)
    return made


def session_of(world: World, login: str) -> str:
    with world.ctx.begin() as connection:
        actor = sessions.user_actor(connection, login, "")
        return sessions.begin(connection, actor, How.OIDC, world.now).session.id


def test_ones_own_session_is_ended_and_anothers_is_not_there(world: World, places: dict[str, Place]) -> None:
    mine, hers = session_of(world, "bob"), session_of(world, "eve")
    done = ask(places["bob"], "session", "end", mine)
    assert (done.exit_code, done.stdout) == (0, f"bob is signed out of {mine}\n"), done.stderr
    again = ask(places["bob"], "session", "end", mine)
    refused = ask(places["bob"], "session", "end", hers)
    for said, which in ((again, mine), (refused, hers)):
        assert said.exit_code == 3
        assert f"there is no session '{which}'" in said.stderr
    assert ask(places["ada"], "session", "end", hers).stdout == f"eve is signed out of {hers}\n"


def test_a_member_is_shown_their_own_sessions_and_an_admin_everybodys(world: World, places: dict[str, Place]) -> None:
    mine, hers = session_of(world, "bob"), session_of(world, "eve")
    assert ask(places["bob"], "session", "-q").stdout.split() == [mine]
    assert sorted(ask(places["ada"], "session", "-q").stdout.split()) == sorted([mine, hers])
    assert ask(places["bob"], "session", "--user", "eve").exit_code == 4


def test_a_webhook_is_its_owners_and_their_teams(world: World, places: dict[str, Place]) -> None:
    made = ask(places["bob"], "webhook", "create", "ci", "https://ci.example.com/im", "--on", "running", "--json")
    assert made.exit_code == 0, made.stderr
    told = json.loads(made.stdout)
    assert (told["owner"], told["kinds"], told["secret"][:6]) == ("bob", ["running"], "whsec_")
    of_team = ask(places["bob"], "webhook", "create", "chat", "https://ci.example.com/im", "--owner", "ml")
    assert of_team.exit_code == 0, of_team.stderr
    assert "secret" not in ask(places["bob"], "webhook", "--json").stdout
    assert ask(places["bob"], "webhook", "-o", "name").stdout.split() == ["ci", "chat"]
    assert ask(places["eve"], "webhook", "-o", "name").stdout == ""
    assert ask(places["ada"], "webhook", "-o", "name").stdout.split() == ["ci", "chat"]
    for words in (("test",), ("disable",), ("rotate",), ("remove",), ("deliveries",)):
        assert ask(places["eve"], "webhook", *words, told["id"]).exit_code == 3, words
    for words in (("--everybody",), ("--owner", "eve")):
        said = ask(places["bob"], "webhook", "create", "more", "https://ci.example.com/im", *words)
        assert said.exit_code == 4, said.output
    assert ask(places["bob"], "webhook", "remove", "ci").exit_code == 0
