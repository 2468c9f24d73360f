"""`Idempotency-Key`: the same request again is done once, whatever happened in between."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from sqlalchemy import text

from im.services import history
from tests.integration.web.conftest import KEY, Api

HOUR = {"duration": "1h"}


def test_the_same_key_is_the_same_request(api: Api) -> None:
    form = {"public_key": KEY, "duration": "1h", "provider": "fake"}
    first = api.ask("POST", "/api/v1/instances", form, Idempotency_Key="k-1")
    again = api.ask("POST", "/api/v1/instances", form, Idempotency_Key="k-1")
    assert (again.status, again.text) == (first.status, first.text)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(api.ask("GET", "/api/v1/instances").body["items"]) == 1


def test_an_extend_is_not_doubled(api: Api) -> None:
    api.create()
    for _ in range(3):
        said = api.ask("POST", "/api/v1/instances/web/extend", HOUR, Idempotency_Key="once")
        assert said.status == 202
    assert api.world.row().generation == 2


def test_another_body_under_a_key_is_refused(api: Api) -> None:
    api.create()
    api.ask("POST", "/api/v1/instances/web/extend", HOUR, Idempotency_Key="k")
    other = api.ask("POST", "/api/v1/instances/web/extend", {"duration": "2h"}, Idempotency_Key="k")
    assert (other.status, other.body["code"]) == (422, "key_reused")


def test_what_was_refused_may_be_asked_again(api: Api) -> None:
    """Nothing was stored, so the key is free."""
    form = {"name": "web", "public_key": KEY, "provider": "fake"}
    api.world.create("web", actor="ada")
    assert api.ask("POST", "/api/v1/instances", form, Idempotency_Key="k").status == 409
    api.world.terminate("web")
    api.world.advance(60)
    assert api.ask("POST", "/api/v1/instances", form, Idempotency_Key="k").status == 202


def test_keys_of_two_people_have_nothing_to_do_with_each_other(api: Api) -> None:
    api.user("bob")
    form = {"public_key": KEY, "duration": "1h", "provider": "fake"}
    for login in ("ada", "bob"):
        said = api.ask("POST", "/api/v1/instances", form, by=login, Idempotency_Key="k")
        assert "Idempotent-Replayed" not in said.headers
    assert len(api.ask("GET", "/api/v1/instances").body["items"]) == 2


def test_where_the_answer_was_lost_it_is_made_anew(api: Api) -> None:
    form = {"public_key": KEY, "duration": "1h", "provider": "fake"}
    first = api.ask("POST", "/api/v1/instances", form, Idempotency_Key="k")
    with api.world.ctx.begin() as connection:
        connection.execute(text("UPDATE idempotency SET status = NULL, answer = NULL"))
    again = api.ask("POST", "/api/v1/instances", form, Idempotency_Key="k")
    assert [one["id"] for one in again.body["items"]] == [one["id"] for one in first.body["items"]]


def test_fifty_at_once_are_one(api: Api) -> None:
    form = {"public_key": KEY, "duration": "1h", "provider": "fake"}
    with ThreadPoolExecutor(10) as pool:
        said = list(pool.map(lambda _: api.ask("POST", "/api/v1/instances", form, Idempotency_Key="k"), range(50)))
    assert {one.status for one in said} <= {202, 409}
    assert len(api.ask("GET", "/api/v1/instances").body["items"]) == 1


def test_a_key_is_kept_for_a_day_and_then_forgotten(api: Api) -> None:
    form = {"public_key": KEY, "duration": "1h", "provider": "fake"}
    api.ask("POST", "/api/v1/instances", form, Idempotency_Key="k")
    history.prune(api.world.ctx)
    assert api.ask("POST", "/api/v1/instances", form, Idempotency_Key="k").headers["Idempotent-Replayed"] == "true"
    api.world.now += timedelta(hours=24, seconds=1)
    history.prune(api.world.ctx)
    with api.world.ctx.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM idempotency")).scalar_one() == 0
