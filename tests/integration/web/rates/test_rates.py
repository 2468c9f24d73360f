"""How often one may ask."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from im.domain.access import Role
from im.domain.config.web import WebSettings
from tests.integration.web.browser import Browser
from tests.integration.web.conftest import Api
from tests.world import World

GUESS = "im_pat_" + "a" * 49


def test_a_client_that_asks_without_end_is_told_when_to_come_back_and_others_are_served(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    for counting in ("limits.storage.memory", "im.web.api.rates"):  # however slow this machine is
        monkeypatch.setattr(f"{counting}.time", SimpleNamespace(time=lambda: 1_900_000_000.0))
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
    statuses = [api.ask("GET", "/api/v1/me", by=GUESS).status for _ in range(12)]
    assert statuses[:10] == [401] * 10
    assert statuses[10:] == [429] * 2
    assert api.ask("GET", "/healthz", by=None).status == 200


def test_behind_a_proxy_nobody_is_kept_out_for_what_others_tried(world: World) -> None:
    parts = (WebSettings(web_url="https://im.example.com"),)
    world.ctx = replace(world.ctx, settings=replace(world.ctx.settings, parts=parts))
    api = Api(world)
    try:
        api.user("ada", Role.ADMIN)
        api.hurried()
        browser = Browser(api, "im.example.com")
        for number in range(15):
            guess = f"im_pat_{number:04d}" + "a" * 45
            assert api.ask("GET", "/api/v1/me", by=guess, Host="im.example.com").status == 401
            assert browser.post("/sign-in", {"token": guess}).status == 401
        assert api.ask("GET", "/api/v1/me", Host="im.example.com").status == 200
        assert browser.sign_in("ada").status == 303
        same = "im_pat_" + "b" * 49
        statuses = [browser.post("/sign-in", {"token": same}).status for _ in range(6)]
        assert statuses == [401] * 5 + [429], "one token is tried five times a minute, wherever from"
    finally:
        api.close()
