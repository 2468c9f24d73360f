"""Instances over HTTP: asked for, seen, changed and ended, in the documents that `--json` prints."""

from __future__ import annotations

import pytest

from im.domain.access import Grant, Role
from im.domain.state import Observed
from tests.integration.web.conftest import KEY, Api
from tests.people import person

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
    ],
)
def test_a_form_is_held_field_by_field(api: Api, form: dict[str, object], pointer: str) -> None:
    said = api.ask("POST", "/api/v1/instances", form)
    assert said.status == 422
    assert [one["pointer"] for one in said.body["errors"]] == [pointer]
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
        told = api.ask("GET", "/api/v1/instances/web/wait?generation=1&timeout=0").body
        assert told["settled"] is False or "later request" in (told["error"] or "")


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


class TestOnce:
    def test_the_same_key_is_the_same_request(self, api: Api) -> None:
        form = {"public_key": KEY, "duration": "1h", "provider": "fake"}
        first = api.ask("POST", "/api/v1/instances", form, Idempotency_Key="k-1")
        again = api.ask("POST", "/api/v1/instances", form, Idempotency_Key="k-1")
        assert (again.status, again.text) == (first.status, first.text)
        assert again.headers["Idempotent-Replayed"] == "true"
        assert len(api.ask("GET", "/api/v1/instances").body["items"]) == 1

    def test_an_extend_is_not_doubled(self, api: Api) -> None:
        api.create()
        for _ in range(3):
            said = api.ask("POST", "/api/v1/instances/web/extend", HOUR, Idempotency_Key="once")
            assert said.status == 202
        assert api.world.row().generation == 2

    def test_another_body_under_a_key_is_refused(self, api: Api) -> None:
        api.create()
        api.ask("POST", "/api/v1/instances/web/extend", HOUR, Idempotency_Key="k")
        other = api.ask("POST", "/api/v1/instances/web/extend", {"duration": "2h"}, Idempotency_Key="k")
        assert (other.status, other.body["code"]) == (422, "key_reused")

    def test_what_was_refused_may_be_asked_again(self, api: Api) -> None:
        """Nothing was stored, so the key is free."""
        form = {"name": "web", "public_key": KEY, "provider": "fake"}
        api.world.create("web", actor="ada")
        assert api.ask("POST", "/api/v1/instances", form, Idempotency_Key="k").status == 409
        api.world.terminate("web")
        api.world.advance(60)
        assert api.ask("POST", "/api/v1/instances", form, Idempotency_Key="k").status == 202

    def test_keys_of_two_people_have_nothing_to_do_with_each_other(self, api: Api) -> None:
        api.user("bob")
        form = {"public_key": KEY, "duration": "1h", "provider": "fake"}
        for login in ("ada", "bob"):
            said = api.ask("POST", "/api/v1/instances", form, by=login, Idempotency_Key="k")
            assert "Idempotent-Replayed" not in said.headers
        assert len(api.ask("GET", "/api/v1/instances").body["items"]) == 2

    def test_where_the_answer_was_lost_it_is_made_anew(self, api: Api) -> None:
        from sqlalchemy import text

        form = {"public_key": KEY, "duration": "1h", "provider": "fake"}
        first = api.ask("POST", "/api/v1/instances", form, Idempotency_Key="k")
        with api.world.ctx.begin() as connection:
            connection.execute(text("UPDATE idempotency SET status = NULL, answer = NULL"))
        again = api.ask("POST", "/api/v1/instances", form, Idempotency_Key="k")
        assert [one["id"] for one in again.body["items"]] == [one["id"] for one in first.body["items"]]

    def test_fifty_at_once_are_one(self, api: Api) -> None:
        from concurrent.futures import ThreadPoolExecutor

        form = {"public_key": KEY, "duration": "1h", "provider": "fake"}
        with ThreadPoolExecutor(10) as pool:
            said = list(pool.map(lambda _: api.ask("POST", "/api/v1/instances", form, Idempotency_Key="k"), range(50)))
        assert {one.status for one in said} <= {202, 409}
        assert len(api.ask("GET", "/api/v1/instances").body["items"]) == 1


class TestRights:
    def test_a_member_touches_nothing_of_anothers_by_any_verb(self, api: Api) -> None:
        api.user("bob")
        api.create()
        before = api.world.row()
        for verb, form in (
            ("extend", HOUR),
            ("start", HOUR),
            ("stop", None),
            ("terminate", None),
            ("protect", {"on": True}),
            ("give", {"to": "bob"}),
        ):
            said = api.ask("POST", f"/api/v1/instances/web/{verb}", form, by="bob")
            assert (said.status, said.body["exit"]) == (403, 4), verb
            batch = {"verb": verb, "ids": ["web"], **({verb: form} if form else {})}
            assert api.ask("POST", "/api/v1/instances:batch", batch, by="bob").status == 403, verb
        assert api.world.row() == before
        assert api.create("his", by="bob", owner="ada").status == 403

    def test_a_team_shares(self, api: Api) -> None:
        api.team("ml")
        api.user("bob", team="ml")
        api.user("eve", team="ml")
        assert api.create("shared", by="bob", owner="ml").status == 202
        assert api.ask("POST", "/api/v1/instances/shared/extend", HOUR, by="eve").status == 202

    def test_who_may_not_see_it_is_told_that_it_is_not_there(self, api: Api) -> None:
        from dataclasses import replace

        from im.domain.config.web import Sees, WebSettings

        ctx = api._server.config.app.state.ctx  # type: ignore[union-attr]
        own = replace(ctx.settings, parts=(*ctx.settings.parts, WebSettings(members_see=Sees.OWN)))
        api._server.config.app.state.ctx = replace(ctx, settings=own)  # type: ignore[union-attr]
        api.user("bob")
        api.create()
        assert api.ask("GET", "/api/v1/instances", by="bob").body["items"] == []
        assert api.ask("GET", "/api/v1/instances?owner=ada", by="bob").body["items"] == []
        there, nowhere = (api.ask("GET", f"/api/v1/instances/{name}", by="bob") for name in ("web", "wob"))
        assert (there.status, nowhere.status) == (404, 404)
        assert there.body["detail"].replace("web", "") == nowhere.body["detail"].replace("wob", "")
        for path in ("events", "why", "wait?timeout=0"):
            assert api.ask("GET", f"/api/v1/instances/web/{path}", by="bob").status == 404
        assert api.ask("POST", "/api/v1/instances/web/stop", by="bob").status == 404
        assert api.ask("POST", "/api/v1/instances:batch", {"verb": "stop", "ids": ["web"]}, by="bob").status == 404

    def test_a_token_that_does_not_grant_it_does_not_do_it(self, api: Api) -> None:
        api.user("bob", grants=frozenset({Grant.READ, Grant.WRITE}))
        api.create("his", by="bob")
        assert api.ask("POST", "/api/v1/instances/his/stop", by="bob").status == 202
        said = api.ask("POST", "/api/v1/instances/his/terminate", by="bob")
        assert (said.status, "does not grant terminate" in said.body["detail"]) == (403, True)
        api.user("eve", grants=frozenset({Grant.READ}))
        assert api.create("hers", by="eve").status == 403

    def test_a_demoted_admin_is_demoted_at_once(self, api: Api) -> None:
        from im.services.people import users

        api.user("bob", Role.ADMIN)
        api.create()
        users.change(api.world.ctx, "bob", role=Role.VIEWER, actor=person("root"))
        assert api.ask("POST", "/api/v1/instances/web/stop", by="bob").status == 403
        assert api.ask("GET", "/api/v1/me", by="bob").body["role"] == "viewer"
