"""Instances over HTTP: asked for, seen, changed and ended, in the documents that `--json` prints."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.responses import Response

from im.domain.state import Observed
from im.web.api import verbs
from im.web.app import THREADS
from tests.integration.web.conftest import KEY, Api

HOUR = {"duration": "1h"}


def test_the_whole_story_over_http(api: Api) -> None:
    made = api.create()
    assert made.status == 202
    (web,) = made.body["items"]
    assert (web["name"], web["owner"], web["desired"], web["settled"]) == ("web", "ada", "running", False)
    api.world.advance(10)
    seen = api.ask("GET", "/api/v1/instances/web")
    assert (seen.status, seen.body["status"], seen.headers["ETag"]) == (200, "running", '"1"')
    moved = api.ask("POST", "/api/v1/instances/web/extend", {"duration": "2h"})
    assert moved.status == 202
    assert moved.body["previous_expires_at"] == web["expires_at"] < moved.body["expires_at"]
    assert api.ask("POST", "/api/v1/instances/web/stop").status == 202
    api.world.advance(30)
    assert api.world.at_cloud() is Observed.STOPPED
    assert api.ask("POST", "/api/v1/instances/web/start", {}).status == 202
    api.world.advance(30)
    assert api.world.at_cloud() is Observed.RUNNING
    why = api.ask("GET", "/api/v1/instances/web/why").body
    assert why["because"]
    assert api.ask("POST", "/api/v1/instances/web/terminate").status == 202
    api.world.advance(60)
    told = api.ask("GET", f"/api/v1/instances/{web['id']}/events").body["items"]
    assert {(one["actor"], one["channel"]) for one in told if "requested" in one["kind"]} == {("ada", "api")}
    assert all(one["request_id"] for one in told if "requested" in one["kind"])


def test_what_is_refused_is_a_problem_with_the_exit_code_and_the_next_thing_to_do(api: Api) -> None:
    api.create()
    taken = api.create()
    assert taken.status == 409
    assert taken.headers["Content-Type"] == "application/problem+json"
    told = taken.body
    assert (told["status"], told["exit"], told["code"]) == (409, 2, "refused")
    assert told["next"]
    assert told["request_id"] == taken.headers["X-Request-Id"]
    assert api.ask("GET", "/api/v1/instances/nothing").body["exit"] == 3


@pytest.mark.parametrize(
    ("form", "pointer"),
    [
        ({"public_key": KEY, "duration": "1h", "nmae": "x"}, "/nmae"),
        ({"public_key": KEY, "duration": "90"}, "/duration"),
        ({"duration": "1h"}, "/public_key"),
        ({"public_key": KEY, "count": 0}, "/count"),
        ({"public_key": KEY, "name": "Web!"}, "/name"),
        ({"public_key": KEY, "public_ip": "maybe"}, "/public_ip"),
    ],
)
def test_a_form_is_held_field_by_field(api: Api, form: dict[str, object], pointer: str) -> None:
    said = api.ask("POST", "/api/v1/instances", form)
    assert said.status == 422
    assert [one["pointer"] for one in said.body["errors"]] == [pointer]
    assert api.ask("GET", "/api/v1/instances").body["items"] == []


@pytest.mark.parametrize(
    "more",
    [
        {"options": {"colour": "red"}},
        {"options": {"iam-role": ["a", "b"]}},
        {"options": {"security-group": {"a": 1}}},
        {"public_key": "no key at all", "provider": "aws"},
        {"ssh_from": ["everywhere"]},
        {"open": ["99999/tcp"]},
        {"disk": "huge"},
        {"tags": {"im:owner": "eve"}},
        {"owner": "stranger"},
        {"max_price": "0.1"},
        {"keep_stopped": "a while"},
    ],
    ids=str,
)
def test_what_cannot_be_is_told_and_nothing_is_stored(api: Api, more: dict[str, object]) -> None:
    form = {"public_key": KEY, "duration": "1h", "provider": "fake", **more}
    said = api.ask("POST", "/api/v1/instances", form)
    assert said.status in (404, 422)
    assert said.body["next"]
    assert api.ask("GET", "/api/v1/instances").body["items"] == []


def test_a_parameter_that_is_none_is_refused(api: Api) -> None:
    assert api.ask("GET", "/api/v1/instances?limt=5").status == 422


def test_pages_hold_everything_once_in_order_and_a_cursor_is_good_for_its_question(api: Api) -> None:
    for number in range(7):
        api.world.create(f"web-{number}", seconds=3600 + 60 * (number % 3), actor="ada")
    api.world.create("other", actor="bob")
    names, cursor = [], ""
    while True:
        said = api.ask("GET", f"/api/v1/instances?limit=3&owner=ada{cursor}")
        names += [one["name"] for one in said.body["items"]]
        if said.body["next"] is None:
            break
        assert f"cursor={said.body['next']}" in said.headers["Link"]
        cursor = f"&cursor={said.body['next']}"
    assert sorted(names) == [f"web-{number}" for number in range(7)]
    moments = [api.world.row(name).expires_at for name in names]
    assert moments == sorted(moments)
    assert api.ask("GET", f"/api/v1/instances?limit=3{cursor}").status == 422
    assert api.ask("GET", "/api/v1/instances?cursor=AAAA").status == 422


def test_filters_as_they_are_typed(api: Api) -> None:
    api.world.create("web", actor="ada")
    api.world.create("db", actor="bob")
    api.world.advance(10)
    api.world.stop("db")
    api.world.advance(30)

    def named(query: str) -> list[str]:
        return sorted(one["name"] for one in api.ask("GET", f"/api/v1/instances?{query}").body["items"])

    assert named("q=owner%3Dme") == ["web"]
    assert named("q=status%3Dstopped") == ["db"]
    assert named("status=running") == ["web"]
    assert named("q=owner%3Dme%20owner%3Dbob") == []
    assert named("expires_before=2030-01-01T12:00:00Z") == []
    assert api.ask("GET", "/api/v1/instances?q=ownr%3Dme").status == 422


def test_a_stale_button_stops_nothing(api: Api) -> None:
    api.create()
    api.world.advance(10)
    api.ask("POST", "/api/v1/instances/web/extend", HOUR)
    late = api.ask("POST", "/api/v1/instances/web/terminate", If_Match='"1"')
    assert late.status == 412
    assert late.body["instance"]["generation"] == 2
    assert api.world.row().desired.value == "running"
    assert api.ask("POST", "/api/v1/instances/web/terminate", If_Match='"2"').status == 202


def test_what_has_not_changed_is_not_sent_again(api: Api) -> None:
    api.create()
    assert api.ask("GET", "/api/v1/instances/web", If_None_Match='"1"').status == 304
    assert api.ask("GET", "/api/v1/instances/web", If_None_Match='"7"').status == 200


def test_a_rehearsal_stores_nothing(api: Api) -> None:
    plan = api.ask(
        "POST", "/api/v1/instances?dry_run=true", {"public_key": KEY, "duration": "2h", "provider": "fake", "count": 2}
    )
    assert (plan.status, plan.body["dry_run"], plan.body["count"]) == (200, True, 2)
    assert api.ask("GET", "/api/v1/instances").body["items"] == []
    api.create()
    before = api.world.row()
    told = api.ask("POST", "/api/v1/instances/web/extend?dry_run=true", HOUR)
    assert told.body["dry_run"] is True
    assert api.world.row() == before
    both = api.ask("POST", "/api/v1/instances:batch?dry_run=true", {"verb": "extend", "ids": ["web"], "extend": HOUR})
    done = api.ask("POST", "/api/v1/instances/web/extend", HOUR)
    hour = ("0.496000", "0.496000", "0.496000")
    assert (told.body["usd_added"], both.body["usd_added"], done.body["usd_added"]) == hour
    shorter = api.ask("POST", "/api/v1/instances/web/extend", {"until": "2030-01-01T12:30:00Z"})
    assert shorter.body["usd_added"] == "-0.744000"
    stop = api.ask("POST", "/api/v1/instances/web/stop?dry_run=true")
    assert (stop.body["usd_added"], stop.body["usd_to_deadline"]) == (None, None)


class TestWaiting:
    def test_it_says_when_it_has_ended(self, api: Api) -> None:
        api.create()
        assert api.ask("GET", "/api/v1/instances/web/wait?timeout=0").body["settled"] is False
        api.world.advance(10)
        told = api.ask("GET", "/api/v1/instances/web/wait?generation=1&timeout=5").body
        assert (told["settled"], told["error"], told["instance"]["status"]) == (True, None, "running")

    def test_it_says_whose_request_came_later(self, api: Api) -> None:
        api.create()
        api.world.advance(10)
        api.world.stop("web", actor="bob")
        told = api.ask("GET", "/api/v1/instances/web/wait?generation=1&desired=running&timeout=0").body
        assert (told["settled"], "a later request by bob wants it to stop" in told["error"]) == (True, True)

    def test_those_who_wait_keep_nobody_from_being_served(self, api: Api) -> None:
        api.create()
        with ThreadPoolExecutor(2 * THREADS) as pool:
            waits = [pool.submit(api.ask, "GET", "/api/v1/instances/web/wait?timeout=60") for _ in range(2 * THREADS)]
            assert api.ask("GET", "/api/v1/me").status == 200
            assert not any(wait.done() for wait in waits)
            api.world.advance(10)
            assert {wait.result().body["settled"] for wait in waits} == {True}


class TestBatch:
    def test_by_names_all_or_none(self, api: Api) -> None:
        api.create("web", count=3)
        api.world.advance(10)
        wrong = {"verb": "stop", "ids": ["web-1", "nothing"]}
        assert api.ask("POST", "/api/v1/instances:batch", wrong).status == 404
        done = api.ask("POST", "/api/v1/instances:batch", {"verb": "stop", "ids": ["web-1", "web-2"]})
        assert [one["desired"] for one in done.body["items"]] == ["stopped", "stopped"]
        assert api.world.row("web-3").desired.value == "running"

    def test_a_filter_has_to_find_what_was_agreed_to(self, api: Api) -> None:
        api.create("web", count=3)
        grown = api.ask("POST", "/api/v1/instances:batch", {"verb": "terminate", "q": "owner=me", "expected": 2})
        assert (grown.status, "more than 2" in grown.body["detail"]) == (422, True)
        shrunk = api.ask("POST", "/api/v1/instances:batch", {"verb": "terminate", "q": "owner=me", "expected": 4})
        assert (shrunk.status, "finds 3 by now" in shrunk.body["detail"]) == (422, True)
        assert {row.desired.value for row in [api.world.row(f"web-{n}") for n in (1, 2, 3)]} == {"running"}
        done = api.ask("POST", "/api/v1/instances:batch", {"verb": "terminate", "q": "owner=me", "expected": 3})
        assert (done.status, len(done.body["items"])) == (202, 3)


def test_a_moment_far_from_utc_or_from_us_is_taken_or_refused_and_never_a_fault(api: Api) -> None:
    api.create()
    for moment, status in (
        ("4591-02-26T12:22:18%2B23:13", 200),
        ("4591-02-26T12:22:18-23:59", 200),
        ("0001-01-01T00:00:00%2B12:00", 422),
        ("9999-12-31T23:59:59-12:00", 422),
        ("0.5", 422),
        ("1893456000", 422),
        ("2030-01-01", 422),
    ):
        assert api.ask("GET", f"/api/v1/instances?expires_before={moment}").status == status, moment
    for until in ("9999-12-31T23:59:59-12:00", "4591-02-26T12:22:18+23:13", 1893456000):
        assert api.ask("POST", "/api/v1/instances/web/extend", {"until": until}).status == 422


def test_whoever_comes_between_the_look_and_the_change_is_seen_under_the_lock(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.create()
    api.world.advance(10)
    tag = api.ask("GET", "/api/v1/instances/web").headers["ETag"]
    real = verbs.once

    def late(*given: Any) -> Response:
        api.world.extend("web", seconds=3600)
        return real(*given)

    monkeypatch.setattr(verbs, "once", late)
    said = api.ask("POST", "/api/v1/instances/web/stop", {}, If_Match=tag)
    assert (said.status, "nothing was stored" in said.text) == (409, True)
    assert api.world.row("web").desired.value == "running"
