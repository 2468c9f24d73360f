"""How often one may ask is counted by all processes together, at a real broker; without it each counts alone, and serves."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from structlog.testing import capture_logs

from im.domain.access import Role
from im.web.api import counts
from tests.broker import PASSWORD, Broker, broker
from tests.integration.web.browser import Browser
from tests.integration.web.conftest import Api
from tests.integration.web.rates.test_rates import GUESS
from tests.waiting import until
from tests.world import World

ROOT = Path(__file__).parents[4]
Lines = list[MutableMapping[str, Any]]
ALONE = "requests are counted by this process alone until the broker is back"
TOGETHER = "requests are counted at the broker again"
LACKS_EXPIRE = f"user default on >{PASSWORD} ~im.* +@all -expire\n"


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counts, "AGAIN", 0.05)


@pytest.fixture
def there() -> Iterator[Broker]:
    with broker() as made:
        yield made


Process = Callable[..., Api]


@pytest.fixture
def process(world: World) -> Iterator[Process]:
    """Another `im web` of the deployment, which has this broker."""
    with ExitStack() as ending:

        def start(url: str) -> Api:
            world.ctx = replace(world.ctx, settings=replace(world.ctx.settings, broker_url=url))
            api = Api(world)
            ending.callback(api.close)
            api.hurried()
            return api

        yield start


@pytest.fixture
def logged() -> Iterator[Lines]:
    with capture_logs() as lines:
        yield lines


def told(lines: Lines, event: str) -> Lines:
    return [line for line in lines if line["event"] == event]


def guesses(api: Api, count: int) -> list[int]:
    return [api.ask("GET", "/api/v1/me", by=GUESS).status for _ in range(count)]


def test_wrong_tokens_are_counted_by_all_together_and_beyond_a_restart(there: Broker, process: Process) -> None:
    one, two = process(there.url), process(there.url)
    assert guesses(one, 6) + guesses(two, 4) == [401] * 10
    assert guesses(one, 1) + guesses(two, 1) == [429, 429]
    one.close()
    assert guesses(process(there.url), 1) == [429]


def test_so_are_attempts_to_sign_in(there: Broker, process: Process) -> None:
    browsers = [Browser(process(there.url)) for _ in range(2)]
    statuses = [browsers[n % 2].post("/sign-in", {"token": GUESS}).status for n in range(7)]
    assert statuses == [401] * 5 + [429] * 2


def test_and_looks_of_one_token_while_another_is_served(
    there: Broker, process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    for counting in ("limits.storage.redis", "im.web.api.rates"):  # however slow this machine is
        monkeypatch.setattr(f"{counting}.time", SimpleNamespace(time=lambda: 1_900_000_000.0))
    one, two = process(there.url), process(there.url)
    one.user("ada", Role.ADMIN)
    one.user("bob")
    two.tokens = one.tokens
    statuses = [(one, two)[n % 2].ask("GET", "/api/v1/me").status for n in range(52)]
    assert statuses == [200] * 50 + [429] * 2
    late = two.ask("GET", "/api/v1/me")
    assert (late.body["code"], 1 <= int(late.headers["Retry-After"]) <= 5) == ("too_many_requests", True)
    assert two.ask("GET", "/api/v1/me", by="bob").status == 200


def test_what_the_broker_keeps_says_of_nobody_who_they_are_and_is_soon_gone(there: Broker, process: Process) -> None:
    api = process(there.url)
    api.user("ada", Role.ADMIN)
    browser = Browser(api)
    browser.sign_in("ada")
    assert (browser.me().status, api.ask("GET", "/api/v1/me").status, guesses(api, 1)) == (200, 200, [401])
    browser.post("/sign-in", {"token": GUESS})
    items = api.ask("GET", "/api/v1/tokens").body["items"] + browser.get("/api/v1/sessions").body["items"]
    keys = list(there.hand.scan_iter())
    assert len(keys) >= 4
    assert all(key.startswith("im.rates:") and 0 < there.hand.ttl(key) <= 60 for key in keys)
    secret = ("ada", "127.0.0.1", "address", "token", GUESS[:11], browser.cookie, *(one["id"] for one in items))
    assert [word for word in secret if any(word in key for key in keys)] == []
    assert {there.hand.type(key) for key in keys} == {"list"}


def test_the_rule_for_the_brokers_user_is_enough(process: Process, logged: Lines) -> None:
    rule = re.search(r"user im on >PASSWORD .*", (ROOT / "docs" / "security.md").read_text())
    assert rule is not None
    with broker(f"user default off\n{rule[0].replace('PASSWORD', 'secret')}\n") as there:
        url = f"redis://im:secret@127.0.0.1:{there.port}/0"
        one, two = process(url), process(url)
        assert guesses(one, 6) + guesses(two, 5) == [401] * 10 + [429]
        assert there.hand.acl_log() == []
        for each in (one, two):
            each.close()
    assert told(logged, ALONE) == []


def test_two_deployments_are_not_mistaken_for_one_another(there: Broker, process: Process) -> None:
    """Whose names are the same, at one broker."""
    one, two = (counts.Counts.of(process(there.url).app.state.ctx) for _ in range(2))
    two._key = b"another"  # type: ignore[attr-defined]
    names = [one.by(lambda _, name: name, "ada") for one in (one, two)]
    assert names[0] != names[1]
    for each in (one, two):
        each.close()


@pytest.mark.parametrize("wrong", ["password", "nobody there", "may not", "no address"])
def test_a_broker_that_does_not_count_keeps_nobody_out_and_is_told_of_once(
    process: Process, logged: Lines, wrong: str
) -> None:
    with broker(LACKS_EXPIRE if wrong == "may not" else "") as there:
        urls = {"password": there.url.replace(PASSWORD, "a-wrong-one"), "nobody there": "redis://127.0.0.1:1/0"}
        urls["no address"] = "redis://:p@[/0"
        api = process(urls.get(wrong, there.url))
        assert guesses(api, 11) == [401] * 10 + [429], "counted by itself"
        api.user("ada", Role.ADMIN)
        assert Browser(api).get("/sign-in").status == 200
        (line,) = told(logged, ALONE)
        assert PASSWORD not in str(logged)
        assert "a-wrong-one" not in str(logged)
        words = {"password": "refuses the user or the password", "nobody there": "nobody listens there"}
        words |= {"may not": "may not do what im needs", "no address": "cannot be read"}
        assert words[wrong] in line["error"]
        api.close()
    assert len(told(logged, ALONE)) == 1
    assert told(logged, TOGETHER) == []


def test_one_that_goes_away_in_between_is_counted_without_and_with_again(
    there: Broker, process: Process, logged: Lines
) -> None:
    one, two = process(there.url), process(there.url)
    one.user("ada", Role.ADMIN)
    assert guesses(one, 3) == [401] * 3
    there.kill()
    assert one.ask("GET", "/api/v1/me").status == 200
    assert guesses(one, 9) + guesses(two, 9) == [401] * 18, "each counts its own meanwhile"
    there.start()
    until("both have found it again", lambda: len(told(logged, TOGETHER)) == 2)
    assert guesses(one, 6) + guesses(two, 5) == [401] * 10 + [429]
    assert len(told(logged, ALONE)) == 2


def test_one_that_is_frozen_hangs_nobody(there: Broker, process: Process, logged: Lines) -> None:
    api = process(there.url)
    api.user("ada", Role.ADMIN)
    assert api.ask("GET", "/api/v1/me").status == 200
    there.freeze()
    try:
        assert [api.ask("GET", "/api/v1/me").status for _ in range(3)] == [200] * 3
        (line,) = told(logged, ALONE)
        assert "no answer within seconds" in line["error"]
    finally:
        there.thaw()
    until("it has found it again", lambda: bool(told(logged, TOGETHER)))


def test_one_that_was_flushed_counts_from_the_beginning(there: Broker, process: Process, logged: Lines) -> None:
    api = process(there.url)
    guesses(api, 9)
    there.hand.script_flush()
    there.hand.flushall()
    assert guesses(api, 11) == [401] * 10 + [429]
    assert told(logged, ALONE) == []


def test_what_somebody_else_has_put_there_in_its_place_ends_nothing(there: Broker, process: Process) -> None:
    api = process(there.url)
    guesses(api, 1)
    for key in list(there.hand.scan_iter()):
        there.hand.set(key, "not a list")
    api.user("ada", Role.ADMIN)
    assert api.ask("GET", "/api/v1/me").status == 200
