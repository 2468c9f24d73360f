"""Tokens on the page: made, shown once, renewed, revoked; and the secret is nowhere but in that one answer."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import inspect, text

from im.domain.access import Grant, Role
from im.domain.people.user import UserKind
from im.services.people import users
from tests.integration.web.browser import Browser
from tests.integration.web.conftest import ROOT, Api, Said
from tests.integration.web.people.test_managed_people import plain, session_of
from tests.integration.web.test_page import fields_of

SECRET = re.compile(r"im_(?:pat|svc)_[0-9A-Za-z]{49}")
PAGE = {"Accept": "text/html"}


@pytest.fixture
def bob(api: Api) -> Browser:
    """A member who has signed in by the identity provider."""
    api.user("bob")
    return session_of(api, "bob")[0]


def make(browser: Browser, name: str = "laptop", **typed: str) -> Said:
    fields = dict(fields_of(browser.get("/people/tokens/make", **PAGE)))
    return browser.post("/people/tokens/make", {**fields, "name": name, **typed}, **PAGE)


def secret_in(said: Said) -> str:
    (found,) = set(SECRET.findall(said.text))
    return str(found)


def everything_stored(api: Api) -> str:
    with api.world.ctx.begin() as connection:
        tables = inspect(connection).get_table_names()
        return "\n".join(str(connection.execute(text(f'SELECT * FROM "{name}"')).all()) for name in tables)


def test_it_is_shown_once_and_kept_nowhere(
    api: Api, bob: Browser, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    made = make(bob, "ci", life="2d", grants="terminate")
    assert made.status == 200, made.text
    secret = secret_in(made)
    assert made.headers["cache-control"] == "no-store"
    assert made.headers["location"] is None, "no address ever holds it"
    assert made.text.count(secret) == 1, "the button copies it from where it stands"
    assert api.ask("GET", "/api/v1/me", by=secret).body["grants"] == ["read", "terminate"]
    for path in ("/people/tokens", "/people/tokens/make", "/people", "/"):
        assert secret not in bob.get(path, **PAGE).text
    assert secret not in everything_stored(api)
    told = capfd.readouterr()
    assert secret not in told.out + told.err + caplog.text
    (one,) = [one for one in api.ask("GET", "/api/v1/tokens?login=bob").body["items"] if one["name"] == "ci"]
    assert (one["made_by"], one["grants"]) == ("bob", ["read", "terminate"])


def test_the_same_form_again_makes_no_second_and_shows_nothing(api: Api, bob: Browser) -> None:
    fields = {**dict(fields_of(bob.get("/people/tokens/make", **PAGE))), "name": "laptop"}
    with ThreadPoolExecutor(3) as threads:
        said = list(threads.map(lambda _: bob.post("/people/tokens/make", fields, **PAGE), range(3)))
    assert sorted(one.status for one in said) == [200, 422, 422]
    for one in said:
        if one.status == 422:
            assert "this form was sent before" in plain(one).lower()
            assert not SECRET.search(one.text)
    assert len(api.ask("GET", "/api/v1/tokens?login=bob").body["items"]) == 2  # and the one he was made with


def test_it_is_renewed_with_an_overlap_and_revoked_at_once(api: Api, bob: Browser) -> None:
    old = secret_in(make(bob))
    token = next(
        one["id"] for one in api.ask("GET", "/api/v1/tokens?login=bob").body["items"] if one["name"] == "laptop"
    )
    at = f"/people/tokens/{token}/rotate"
    made = bob.post(at, {**dict(fields_of(bob.get(at, **PAGE))), "overlap": "10m"}, **PAGE)
    new = secret_in(made)
    assert "works for 10m more" in plain(made)
    assert {api.ask("GET", "/api/v1/me", by=one).status for one in (old, new)} == {200}
    api.world.advance(660)
    assert [api.ask("GET", "/api/v1/me", by=one).status for one in (old, new)] == [401, 200]
    assert bob.post(at, {"overlap": "10m", "key": "1" * 32}, **PAGE).status == 422, "it is over"
    (alive,) = [
        one["id"]
        for one in api.ask("GET", "/api/v1/tokens?login=bob").body["items"]
        if one["name"] == "laptop" and one["id"] != token
    ]
    assert bob.post(f"/people/tokens/{alive}/revoke", {}, **PAGE).status == 200
    assert api.ask("GET", "/api/v1/me", by=new).status == 401
    assert bob.get(f"/people/tokens/{alive}/revoke", **PAGE).status == 422
    verbs = [one["verb"] for one in api.ask("GET", "/api/v1/audit").body["items"]]
    assert verbs[:3] == ["token revoked", "token made", "token made"]


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"name": ""}, "the token's name is empty"),
        ({"name": "x" * 61}, "60 are the most"),
        ({"name": "a\u202eb"}, "cannot be shown"),
        ({"life": "10y"}, "10y"),
        ({"life": "300d"}, "a token of this deployment lives at most"),
        ({"login": "ada"}, "may make tokens for themselves only"),
        ({"login": "nobody"}, "may make tokens for themselves only"),
    ],
)
def test_what_cannot_be_made_is_said_and_made_by_nobody(
    api: Api, bob: Browser, typed: dict[str, str], says: str
) -> None:
    said = make(bob, **{"name": "x", **typed})
    assert said.status in (403, 404, 422)
    assert says in plain(said).lower()
    assert not SECRET.search(said.text)
    assert len(api.ask("GET", "/api/v1/tokens?all=true").body["items"]) == 2


def test_an_admin_makes_one_for_a_service_and_sees_everybodys(api: Api, bob: Browser) -> None:
    users.add(api.world.ctx, "ci", kind=UserKind.SERVICE, actor=ROOT)
    ada, _ = session_of(api, "ada")
    made = make(ada, "deploy", login="ci")
    assert secret_in(made).startswith("im_svc_")
    assert "Speaks for ci" in re.sub(r"\s+", " ", plain(made))
    make(bob, "bobs-laptop")
    assert "bobs-laptop" in ada.get("/people/tokens", **PAGE).text
    assert "deploy" not in bob.get("/people/tokens", **PAGE).text
    theirs = next(one for one in api.ask("GET", "/api/v1/tokens?login=ci").body["items"])["id"]
    for what in ("rotate", "revoke"):
        assert bob.get(f"/people/tokens/{theirs}/{what}", **PAGE).status == 404
        assert bob.post(f"/people/tokens/{theirs}/{what}", {"key": "2" * 32}, **PAGE).status == 404
    assert ada.post(f"/people/tokens/{theirs}/revoke", {}, **PAGE).status == 200


def test_whoever_signed_in_by_a_token_makes_no_other_and_is_told_why(api: Api) -> None:
    api.user("eve", Role.MEMBER, grants=frozenset({Grant.READ, Grant.WRITE, Grant.ADMIN}))
    eve = Browser(api)
    eve.sign_in("eve")
    page = eve.get("/people/tokens", **PAGE)
    assert "You have signed in by a token, which makes no other" in plain(page)
    assert "/people/tokens/make" not in page.text
    said = make(eve)
    assert said.status == 403
    assert "a token cannot make another" in plain(said).lower()


def test_revoking_the_one_that_one_has_signed_in_by_ends_this_page(api: Api) -> None:
    api.user("eve")
    eve = Browser(api)
    eve.sign_in("eve")
    (own,) = api.ask("GET", "/api/v1/tokens?login=eve").body["items"]
    assert "You have signed in by this one" in plain(eve.get(f"/people/tokens/{own['id']}/revoke", **PAGE))
    assert eve.post(f"/people/tokens/{own['id']}/revoke", {}, **PAGE).status == 200
    assert eve.get("/people/tokens", **PAGE).status == 303


def test_an_instance_is_given_away_from_its_own_page(api: Api, bob: Browser) -> None:
    api.create(by="bob")
    api.world.advance(10)
    assert "/change/give?id=web" in bob.get("/instances/web", **PAGE).text
    asked = bob.get("/change/give?id=web", **PAGE)
    assert "<option>ada</option>" in asked.text
    said = bob.post("/change/give", {**dict(fields_of(asked)), "to": "ada"}, **PAGE)
    assert said.status == 200
    assert api.world.row("web").owner == "ada"
    assert "/change/give?id=web" not in bob.get("/instances/web", **PAGE).text, "it is not bob's any more"
    assert bob.post("/change/give", {**dict(fields_of(asked)), "to": "bob", "key": "3" * 32}, **PAGE).status in (
        403,
        409,
    )
