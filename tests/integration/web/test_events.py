"""The history of the whole fleet over real HTTP: the newest first, page by page, and nothing of what one may not see."""

from __future__ import annotations

from dataclasses import replace

from im.domain.config.web import Sees, WebSettings
from im.web.api.documents import FleetEventsDocument
from tests.integration.web.conftest import Api


def told(api: Api, query: str = "", by: str = "ada") -> list[tuple[str, str]]:
    said = api.ask("GET", f"/api/v1/events{query}", by=by)
    assert said.status == 200, said.text
    FleetEventsDocument.model_validate_json(said.text)
    return [(item["instance"]["name"], item["kind"]) for item in said.body["items"]]


def test_it_is_told_the_newest_first_and_page_by_page_nothing_twice_and_nothing_left_out(api: Api) -> None:
    for name in ("one", "two", "three"):
        api.create(name)
    api.world.advance(20)
    whole = told(api, "?limit=200")
    assert len(whole) > 6
    found: list[tuple[str, str]] = []
    said = api.ask("GET", "/api/v1/events?limit=2")
    while True:
        found += [(item["instance"]["name"], item["kind"]) for item in said.body["items"]]
        if said.body["next"] is None:
            break
        api.ask("POST", "/api/v1/instances/one/extend", {"duration": "1h"})  # what is new moves no page
        said = api.ask("GET", said.headers["Link"].partition(">")[0].removeprefix("<"))
    assert found == whole
    assert told(api)[0] == ("one", "extended")


def test_it_is_narrowed_by_instance_actor_kind_and_moment(api: Api) -> None:
    api.create("one")
    api.world.advance(20)
    now = api.world.now
    api.user("bob")
    api.create("two", by="bob")
    assert {name for name, _ in told(api, "?instance=one")} == {"one"}
    assert told(api, "?actor=bob") == [("two", "create requested")]
    assert {kind for _, kind in told(api, "?kind=running")} == {"running"}
    assert told(api, f"?since={now:%Y-%m-%dT%H:%M:%SZ}&kind=create%20requested") == [("two", "create requested")]
    assert api.ask("GET", "/api/v1/events?instance=none").status == 404
    assert api.ask("GET", "/api/v1/events?since=2030-01-31T18:00:00").status == 422
    assert api.ask("GET", "/api/v1/events?instances=one").status == 422


def test_a_cursor_is_good_for_its_own_question_only(api: Api) -> None:
    api.create("one")
    api.world.advance(20)
    cursor = api.ask("GET", "/api/v1/events?limit=1").body["next"]
    assert api.ask("GET", f"/api/v1/events?cursor={cursor}").status == 200
    assert api.ask("GET", f"/api/v1/events?cursor={cursor}&actor=ada").status == 422
    api.create("two")
    other = api.ask("GET", "/api/v1/instances?limit=1").body["next"]
    assert api.ask("GET", f"/api/v1/events?cursor={other}").status == 422


def test_nothing_is_told_of_what_one_may_not_see(api: Api) -> None:
    ctx = api.app.state.ctx
    own = replace(ctx.settings, parts=(*ctx.settings.parts, WebSettings(members_see=Sees.OWN)))
    api.app.state.ctx = replace(ctx, settings=own)
    api.user("bob")
    api.user("eve")
    api.create("one", by="bob")
    api.create("two", by="eve")
    assert {name for name, _ in told(api, by="bob")} == {"one"}
    assert told(api, "?actor=eve", by="bob") == []
    assert api.ask("GET", "/api/v1/events?instance=two", by="bob").status == 404
    assert {name for name, _ in told(api)} == {"one", "two"}
    api.ask("POST", "/api/v1/instances/one/give", {"to": "eve"})
    assert told(api, by="bob") == []
