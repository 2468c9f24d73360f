"""Webhooks on the page: made, tried, changed, renewed, switched and deleted; the secret is nowhere but in one answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from im.domain.access import Role
from im.domain.config.webhook import WebhookSettings
from im.domain.webhook.kind import WISHED
from im.domain.webhook.target import read_networks
from im.web.page.people.webhooks import SAYS
from tests.integration.web.browser import Browser
from tests.integration.web.conftest import Api, Said
from tests.integration.web.people.test_managed_people import form, plain, session_of
from tests.integration.web.people.test_managed_tokens import PAGE, everything_stored
from tests.integration.web.test_page import fields_of
from tests.integration.webhooks.receiver import Receiver, receiving
from tests.world import World

SECRET = re.compile(r"whsec_[0-9A-Za-z+/=]{44}")
LIST = "/people/webhooks"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


@pytest.fixture
def world(world: World) -> World:
    """Its deployment lets webhooks go to this machine."""
    settings = replace(world.ctx.settings, parts=(WebhookSettings(read_networks("127.0.0.1")),))
    world.ctx = replace(world.ctx, settings=settings)
    return world


@pytest.fixture
def bob(api: Api) -> Browser:
    api.team("ml")
    api.user("bob", team="ml")
    return session_of(api, "bob")[0]


def make(browser: Browser, url: str = "https://ci.example.com/im", **typed: str) -> Said:
    fields = dict(fields_of(browser.get(f"{LIST}/make", **PAGE)))
    return browser.post(f"{LIST}/make", {**fields, "name": "ci", "url": url, "kinds": "running", **typed}, **PAGE)


def only(api: Api) -> str:
    (one,) = api.ask("GET", "/api/v1/webhooks").body["items"]
    return str(one["id"])


def act(browser: Browser, webhook: str, what: str) -> Said:
    at = f"{LIST}/{webhook}/{what}"
    return browser.post(at, dict(form(browser.get(f"{LIST}/{webhook}", **PAGE), at)), **PAGE)


def words(said: Said) -> str:
    return re.sub(r"\s+", " ", plain(said))


def test_its_secret_is_shown_once(api: Api, bob: Browser, caplog: pytest.LogCaptureFixture) -> None:
    made = make(bob)
    assert made.status == 200, made.text
    (secret,) = set(SECRET.findall(made.text))
    assert made.headers["cache-control"] == "no-store"
    assert made.headers["location"] is None, "no address ever holds it"
    for path in (LIST, f"{LIST}/{only(api)}", f"{LIST}/{only(api)}/edit", "/people"):
        said = bob.get(path, **PAGE)
        assert said.status == 200
        assert secret not in said.text
    assert everything_stored(api).count(secret) == 1, "to sign with"
    assert secret not in caplog.text
    at = f"{LIST}/{only(api)}/rotate"
    again = bob.post(at, {**dict(fields_of(bob.get(at, **PAGE))), "overlap": "10m"}, **PAGE)
    assert set(SECRET.findall(again.text)) != {secret}
    assert "The one before signs as well for 10m more" in words(again)


def test_the_same_form_again_makes_no_second_and_shows_nothing(api: Api, bob: Browser) -> None:
    fields = dict(fields_of(bob.get(f"{LIST}/make", **PAGE)))
    fields |= {"name": "ci", "url": "https://ci.example.com/", "kinds": "running"}
    with ThreadPoolExecutor(3) as threads:
        said = list(threads.map(lambda _: bob.post(f"{LIST}/make", fields, **PAGE), range(3)))
    assert sorted(one.status for one in said) == [200, 422, 422]
    assert sum(bool(SECRET.search(one.text)) for one in said) == 1
    assert only(api)


def test_it_is_tried_fails_is_switched_and_taken_in_again(api: Api, bob: Browser, receiver: Receiver) -> None:
    """How it stands is told of its last message, in the list and on its own page; the API tells the same."""
    assert make(bob, receiver.url).status == 200
    hook = only(api)
    assert "on, nothing sent so far" in words(bob.get(LIST, **PAGE))
    assert "A test is on its way to ci" in words(act(bob, hook, "test"))
    api.world.deliver()
    assert receiver.types == ["webhook.test"]
    assert "on, took the last one" in words(bob.get(LIST, **PAGE))
    receiver.status = 500
    act(bob, hook, "test")
    api.world.deliver()
    page = words(bob.get(f"{LIST}/{hook}", **PAGE))
    assert "failing since" in page
    assert "127.0.0.1 answered 500" in page
    assert "sent again" in page
    told = api.ask("GET", f"/api/v1/webhooks/{hook}").body
    assert (told["last_status"], told["last_error"]) == (500, "127.0.0.1 answered 500")
    since = told["failing_since"]
    api.world.advance(60)
    assert api.ask("GET", f"/api/v1/webhooks/{hook}").body["failing_since"] == since, "and not since the last one"
    receiver.status = 200
    assert "1 message is on the way again" in words(act(bob, hook, "resend"))
    api.world.deliver()
    assert receiver.types == ["webhook.test"] * 2
    assert api.ask("GET", f"/api/v1/webhooks/{hook}").body["failing_since"] is None
    assert "Disabled ci" in words(act(bob, hook, "disable"))
    page = bob.get(f"{LIST}/{hook}", **PAGE)
    assert "off, by bob" in words(page)
    assert f"{LIST}/{hook}/test" not in page.text
    assert "Enabled ci" in words(act(bob, hook, "enable"))


def test_it_is_changed_by_who_has_seen_what_it_is_and_deleted(api: Api, bob: Browser) -> None:
    make(bob)
    hook = only(api)
    at = f"{LIST}/{hook}/edit"
    asked = bob.get(at, **PAGE)
    fields = dict(fields_of(asked))
    api.ask("PATCH", f"/api/v1/webhooks/{hook}", {"kinds": ["failed"]})
    changed = {**fields, "url": "https://ci.example.com/other", "kinds": "stopped"}
    late = bob.post(at, changed, **PAGE)
    assert late.status == 409
    assert "webhook ci was changed meanwhile, and nothing was stored" in words(late).lower()
    said = bob.post(at, {**changed, **dict(fields_of(bob.get(at, **PAGE)))}, **PAGE)
    assert "Changed ci: it wants stopped" in words(said)
    assert api.ask("GET", f"/api/v1/webhooks/{hook}").body["url"] == "https://ci.example.com/other"
    for wrong, says in (
        ({"kinds": "colours"}, None),
        ({"url": "ftp://x/"}, "a webhook needs an https URL"),
        ({"url": "https://10.0.0.1/"}, "that address is a private one"),
        ({"url": "https://u:p@x/"}, "holds no user and no password"),
        ({"url": ""}, "a webhook needs an https URL"),
    ):
        said = bob.post(at, {**changed, **dict(fields_of(bob.get(at, **PAGE))), **wrong}, **PAGE)
        assert said.status == 422, wrong
        assert says is None or says in words(said).lower().replace("https url", "https URL"), wrong
    fields = {name: value for name, value in fields_of(bob.get(at, **PAGE)) if name != "kinds"}
    assert "a webhook has to want something" in words(bob.post(at, fields, **PAGE)).lower()
    at = f"{LIST}/{hook}/remove"
    said = bob.post(at, dict(fields_of(bob.get(at, **PAGE))), **PAGE)
    assert "Deleted ci, with its secret" in words(said)
    assert api.ask("GET", "/api/v1/webhooks").body["items"] == []
    assert bob.get(f"{LIST}/{hook}", **PAGE).status == 404
    assert [one["verb"] for one in api.ask("GET", "/api/v1/audit").body["items"]][:2] == [
        "webhook removed",
        "webhook changed",
    ]


def test_anothers_is_not_there_and_everybodys_is_seen_by_its_owner_and_changed_by_an_admin(
    api: Api, bob: Browser
) -> None:
    ada, _ = session_of(api, "ada")
    assert make(ada, name="books", everybody="true").status == 200
    hook = only(api)
    ways = ("", "/edit", "/rotate", "/remove")
    assert [ada.get(f"{LIST}/{hook}{way}", **PAGE).status for way in ways] == [200] * 4
    assert [bob.get(f"{LIST}/{hook}{way}", **PAGE).status for way in ways] == [404] * 4
    assert "books" not in bob.get(LIST, **PAGE).text
    seen = {"seen": "0" * 16, "url": "https://evil.example.com/", "kinds": "running", "key": "1" * 32}
    for what, names in (
        ("edit", ("seen", "url", "kinds")),
        ("rotate", ("key",)),
        *((one, ("seen",)) for one in ("remove", "test", "resend", "enable", "disable")),
    ):
        said = bob.post(f"{LIST}/{hook}/{what}", {name: seen[name] for name in names}, **PAGE)
        nothing = bob.post(f"{LIST}/whk-0123456789/{what}", {name: seen[name] for name in names}, **PAGE)
        assert (said.status, nothing.status) == (404, 404), what
        assert said.text.replace(hook, "") == nothing.text.replace("whk-0123456789", "")
    assert make(bob, everybody="true").status == 403
    assert make(bob, owner="ada").status == 403
    assert make(bob, owner="ml", name="theirs").status == 200
    api.user("vera", Role.VIEWER, team="ml")
    vera, _ = session_of(api, "vera")
    listed = vera.get(LIST, **PAGE)
    assert "theirs" in listed.text
    assert f"{LIST}/make" not in listed.text
    theirs = next(one["id"] for one in api.ask("GET", "/api/v1/webhooks").body["items"] if one["name"] == "theirs")
    page = vera.get(f"{LIST}/{theirs}", **PAGE)
    assert page.status == 200
    assert "<form" not in page.text.partition('id="main"')[2].partition("<footer")[0]
    assert [vera.get(f"{LIST}/{theirs}/{way}", **PAGE).status for way in ("edit", "rotate", "remove")] == [403] * 3
    assert vera.get(f"{LIST}/make", **PAGE).status == 403


def test_a_form_from_another_site_does_nothing(api: Api, bob: Browser) -> None:
    make(bob)
    hook = only(api)
    fields = dict(form(bob.get(f"{LIST}/{hook}", **PAGE), f"{LIST}/{hook}/disable"))
    said = bob.post(f"{LIST}/{hook}/disable", fields, Sec_Fetch_Site="cross-site", **PAGE)
    assert said.status == 403
    assert api.ask("GET", f"/api/v1/webhooks/{hook}").body["off_at"] is None


def test_what_a_name_a_receiver_or_an_owner_writes_is_text_and_nothing_else(api: Api, bob: Browser) -> None:
    make(bob, name="<b>ci</b>", url="https://ci.example.com/?a='\"><script>alert(1)</script>")
    for path in (LIST, f"{LIST}/{only(api)}", f"{LIST}/{only(api)}/edit"):
        page = bob.get(path, **PAGE).text
        assert "<script>alert" not in page
        assert "<b>ci" not in page


def test_each_kind_is_told_in_words(api: Api) -> None:
    assert list(SAYS) == [kind.value for kind in WISHED]
    assert api.ask("GET", "/people/webhooks/make", Accept="text/html").text.count('name="kinds"') == len(WISHED)
