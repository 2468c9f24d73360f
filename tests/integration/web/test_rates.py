"""How often one may ask."""

from __future__ import annotations

from tests.integration.web.conftest import Api


def test_a_client_that_asks_without_end_is_told_when_to_come_back_and_others_are_served(api: Api) -> None:
    api.user("bob")
    api.hurried()
    said = [api.ask("GET", "/api/v1/me") for _ in range(60)]
    assert said[0].status == 200
    late = next(one for one in said if one.status != 200)
    assert (late.status, late.body["code"]) == (429, "too_many_requests")
    assert 1 <= int(late.headers["Retry-After"]) <= 5
    assert api.ask("GET", "/api/v1/me", by="bob").status == 200


def test_whoever_guesses_tokens_is_stopped_and_a_right_one_waits_with_them(api: Api) -> None:
    api.hurried()
    guess = "im_pat_" + "a" * 49
    statuses = [api.ask("GET", "/api/v1/me", by=guess).status for _ in range(12)]
    assert statuses[:10] == [401] * 10
    assert statuses[10:] == [429] * 2
    assert api.ask("GET", "/healthz", by=None).status == 200
