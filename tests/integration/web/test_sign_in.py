"""A browser is signed in by a token or by a one-use link, and out again; nobody else signs it in, and nobody sends it elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from im.domain.access import Grant, Role
from im.domain.errors import Denied, NoSuchUser, Refused
from im.domain.event import Channel
from im.services.people import links, tokens, users
from tests.integration.web.browser import Browser
from tests.integration.web.conftest import Api
from tests.people import person
from tests.world import World

ELSEWHERE = [
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/%5cevil.example",
    "/%2fevil.example",
    "https://evil.example/",
    "HTTPS://evil.example",
    "//ada:pass@evil.example/",
    "/\t/evil.example",
    "/\r\nSet-Cookie: a=b",
    "/%0d%0aSet-Cookie:a=b",
    "javascript:alert(1)",
    "data:text/html,x",
    "/./../\\evil.example",
    "/.//evil.example",
    "evil.example",
    "/" + "a" * 5000,
    "/\u202eevil",
    "/sign-out",
    "/api/v1/me",
    "",
]


@pytest.fixture
def alone(world: World) -> Iterator[Api]:
    """A deployment without users."""
    made = Api(world)
    yield made
    made.close()


def test_a_token_signs_a_browser_in_and_what_it_does_came_by_the_page(api: Api) -> None:
    ada = Browser(api)
    assert ada.me().status == 401
    said = ada.post("/sign-in", {"token": api.tokens["ada"], "next": "/agenda?within=2h"})
    assert (said.status, said.headers["Location"]) == (303, "/agenda?within=2h")
    assert ada.me().body["login"] == "ada"
    api.create()
    assert ada.post("/api/v1/instances/web/stop").status == 202
    told = ada.get("/api/v1/instances/web/events").body["items"]
    assert {(one["actor"], one["channel"]) for one in told if one["kind"] == "stop requested"} == {("ada", "web")}
    assert ada.get("/api/v1/audit").body["items"][0]["verb"] == "signed in"


def test_the_form_is_sent_to_who_is_not_signed_in_and_the_page_to_who_is(api: Api) -> None:
    ada = Browser(api)
    shown = ada.get("/sign-in?next=%2Fcost%3Fby%3Dday")
    assert shown.status == 200
    assert 'value="/cost?by=day"' in shown.text
    assert "unsafe" not in shown.headers["Content-Security-Policy"]
    ada.sign_in("ada")
    assert ada.get("/sign-in?next=%2Fcost").headers["Location"] == "/cost"


def test_what_is_no_token_signs_nobody_in_and_is_not_repeated(api: Api) -> None:
    for token in ("", "x", "im_pat_" + "a" * 49, "<script>", "im_pat_" + "0" * 3000):
        browser = Browser(api)
        said = browser.post("/sign-in", {"token": token})
        assert said.status in (401, 422)
        assert not browser.cookies
        assert len(token) < 2 or token not in said.text


def test_what_is_shown_of_a_link_is_text(api: Api) -> None:
    said = Browser(api).get("/sign-in?next=%2F%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E")
    assert "<script>" not in said.text


def test_nobody_is_sent_elsewhere(api: Api) -> None:
    for where in ELSEWHERE:
        said = Browser(api).post("/sign-in", {"token": api.tokens["ada"], "next": where})
        assert (said.status, said.headers["Location"]) == (303, "/") or said.status == 422, where
        assert "evil" not in said.headers.get("Location", "")
        assert "a=b" not in str(said.headers)


def test_a_service_signs_nobody_in(api: Api) -> None:
    users.add(api.world.ctx, "ci", kind=users.UserKind.SERVICE, actor=person("root"))
    api.tokens["ci"] = tokens.create(api.world.ctx, "ci", "ci", actor=person("root")).secret
    browser = Browser(api)
    assert browser.sign_in("ci").status == 401
    assert not browser.cookies


def test_signing_out_ends_the_session_wherever_its_cookie_is(api: Api) -> None:
    ada = Browser(api)
    ada.sign_in("ada")
    copied = ada.cookie
    assert "<form" in ada.get("/sign-out").text
    assert ada.me().status == 200, "looking changes nothing"
    assert ada.post("/sign-out").headers["Location"] == "/sign-in"
    assert not ada.cookies
    ada.hold(copied)
    assert ada.me().status == 401


def test_a_link_signs_in_once_and_a_look_at_it_uses_nothing_up(api: Api) -> None:
    made = links.make(api.world.ctx, "ada", actor=person("root"))
    preview, ada, late = Browser(api), Browser(api), Browser(api)
    for _ in range(3):
        assert "Sign in as ada" in preview.get(f"/enter?link={made.secret}").text
    assert not preview.cookies
    assert ada.post("/enter", {"link": made.secret}).headers["Location"] == "/"
    assert ada.me().body["login"] == "ada"
    assert late.post("/enter", {"link": made.secret}).status == 401
    assert late.get(f"/enter?link={made.secret}").status == 401


def test_a_link_is_over_after_five_minutes(api: Api) -> None:
    made = links.make(api.world.ctx, "ada", actor=person("root"))
    api.world.beat = False
    api.world.advance(301)
    browser = Browser(api)
    assert browser.post("/enter", {"link": made.secret}).status == 401
    assert not browser.cookies


def test_a_link_of_somebody_who_was_disabled_meanwhile_signs_nobody_in(api: Api) -> None:
    api.user("bob")
    made = links.make(api.world.ctx, "bob", actor=person("root"))
    users.change(api.world.ctx, "bob", disabled=True, actor=person("root"))
    assert Browser(api).post("/enter", {"link": made.secret}).status == 401
    users.change(api.world.ctx, "bob", disabled=False, actor=person("root"))
    assert Browser(api).post("/enter", {"link": made.secret}).status == 401, "nor later"


def test_a_link_is_made_by_a_token_for_oneself_and_grants_no_more_than_it(api: Api) -> None:
    api.user("bob", Role.ADMIN, grants=frozenset({Grant.READ}))
    told = api.ask("POST", "/api/v1/links", by="bob")
    assert (told.status, told.body["login"]) == (201, "bob")
    secret = told.body["url"].partition("link=")[2]
    bob = Browser(api)
    bob.post("/enter", {"link": secret})
    assert bob.me().body["grants"] == ["read"]
    api.create()
    assert bob.post("/api/v1/instances/web/stop").status == 403
    assert bob.post("/api/v1/links").status == 403, "a session makes no other"
    assert bob.post("/api/v1/tokens", {"name": "more"}).status in (403, 422)


def test_a_link_signs_in_people_alone_and_by_a_token_nobody_else(api: Api) -> None:
    api.team("ml")
    with pytest.raises(Refused):
        links.make(api.world.ctx, "ml", actor=person("root"))
    with pytest.raises(NoSuchUser):
        links.make(api.world.ctx, "eve", actor=person("root"))
    admin, _ = tokens.authenticate(api.world.ctx, api.tokens["ada"], Channel.API, "r")
    api.user("bob")
    with pytest.raises(Denied):
        links.make(api.world.ctx, "bob", actor=admin)


def test_without_users_whoever_has_the_database_is_its_admin_on_this_machine_until_there_are_some(alone: Api) -> None:
    made = links.make(alone.world.ctx, "ada", actor=person("ada"))
    here = Browser(alone)
    here.post("/enter", {"link": made.secret})
    assert (here.me().body["login"], here.me().body["role"]) == ("ada", "admin")
    users.add(alone.world.ctx, "bob", role=Role.ADMIN, actor=person("ada"))
    assert here.me().status == 401
    later = links.make(alone.world.ctx, "bob", actor=person("ada"))
    assert here.post("/enter", {"link": later.secret}).status == 303
    assert here.me().body["login"] == "bob"


def test_whoever_tries_to_sign_in_without_end_is_stopped(api: Api) -> None:
    api.hurried()
    browser = Browser(api)
    statuses = [browser.post("/sign-in", {"token": "im_pat_" + "a" * 49}).status for _ in range(7)]
    assert statuses == [401] * 5 + [429] * 2
    late = browser.sign_in("ada")
    assert (late.status, late.headers["Retry-After"].isdecimal()) == (429, True)
    assert browser.post("/enter", {"link": "im_link_x"}).status == 429


def test_nothing_that_is_got_changes_anything(api: Api) -> None:
    ada = Browser(api)
    ada.sign_in("ada")
    api.create()
    before = api.world.row()
    for path in (
        "/sign-out",
        "/sign-in",
        "/enter?link=x",
        "/api/v1/instances/web/stop",
        "/api/v1/instances/web/terminate",
    ):
        ada.get(path)
    assert api.world.row() == before
    assert ada.me().status == 200
