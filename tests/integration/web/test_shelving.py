"""Shelving over HTTP: asked for, rehearsed, seen, and on the page."""

from __future__ import annotations

from im.domain.access import Role
from tests.integration.web.browser import Browser
from tests.integration.web.conftest import Api


def test_it_is_asked_for_and_seen_over_http(api: Api) -> None:
    (made,) = api.create(on_expiry="shelve").body["items"]
    assert (made["on_expiry"], made["shelving"], made["shelf"]) == ("shelve", False, None)
    api.world.advance(20)
    rehearsed = api.ask("POST", "/api/v1/instances/web/stop?dry_run=true", {"shelve": True})
    assert (rehearsed.status, rehearsed.body["desired"]) == (200, "stopped")
    answer = api.ask("POST", "/api/v1/instances/web/stop", {"shelve": True})
    assert (answer.status, answer.body["shelving"]) == (202, True)
    api.world.advance(60)
    seen = api.ask("GET", "/api/v1/instances/web").body
    assert (seen["status"], seen["shelf"], seen["observed"], seen["provider_id"]) == (
        "shelved",
        "shelved",
        "none",
        None,
    )
    told = [event["kind"] for event in api.ask("GET", "/api/v1/instances/web/events").body["items"]]
    assert told[-3:] == ["snapshot complete", "shelve sent", "shelved"]
    assert api.ask("POST", "/api/v1/instances/web/start", {"duration": "1h"}).status == 202
    api.world.advance(40)
    assert api.ask("GET", "/api/v1/instances/web").body["status"] == "running"


def test_several_are_shelved_in_one_request_and_a_stop_without_a_body_only_stops(api: Api) -> None:
    api.create(count=2)
    api.create("other")
    api.world.advance(20)
    form = {"verb": "stop", "ids": ["web-1", "web-2"], "stop": {"shelve": True}}
    assert api.ask("POST", "/api/v1/instances:batch", form).status == 202
    assert api.ask("POST", "/api/v1/instances/other/stop").body["shelving"] is False
    api.world.advance(60)
    words = {one["name"]: one["status"] for one in api.ask("GET", "/api/v1/instances").body["items"]}
    assert words == {"web-1": "shelved", "web-2": "shelved", "other": "stopped"}


def test_the_page_offers_it_and_shows_what_became_of_it(api: Api) -> None:
    api.user("bob", Role.ADMIN)
    browser = Browser(api)
    browser.sign_in("bob")
    api.create(by="bob")
    api.world.advance(20)
    row = api.world.row()
    asked = browser.get(f"/change/stop?id={row.id}").text
    assert 'name="shelve" value="true"' in asked
    done = browser.post(
        "/change/stop", {"seen": f"{row.id}:{row.generation}", "key": "0123456789abcdef" * 2, "shelve": "true"}
    )
    assert done.status == 200
    api.world.advance(60)
    assert api.world.word() == "shelved"
    assert "shelved" in browser.get("/").text
    api.world.extend("web", seconds=3600)
    api.world.advance(40)
    assert 'value="shelve"' in browser.get("/create").text or ">shelve<" in browser.get("/create").text
