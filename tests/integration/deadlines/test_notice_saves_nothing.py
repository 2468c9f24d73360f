"""Notice before an end that saves nothing: a machine that is stopped at Hetzner goes on costing, and the notice says so."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from im.domain.state import OnExpiry
from tests.integration.deadlines.receivers import Web
from tests.integration.deadlines.telling import MINUTE, tell
from tests.worlds.hetzner import HetznerWorld, hetzner_world


@pytest.fixture
def world(database_url: str) -> Iterator[HetznerWorld]:
    with hetzner_world(database_url) as made:
        yield made


def told(world: HetznerWorld, hook: Web, **order_as: Any) -> dict[str, Any]:
    """The last notice before the deadline of an hour and ten minutes."""
    tell(world, notice_webhook=hook.url, notice_slack=f"{hook.url}/slack")
    world.create("web", seconds=70 * MINUTE, **order_as)
    world.advance(20)
    world.now += timedelta(minutes=64)
    world.advance(60, tick=30)
    return hook.got[-1]


def test_it_says_that_the_stop_saves_nothing_and_what_ends_the_cost(world: HetznerWorld, hook: Web) -> None:
    last = told(world, hook)
    assert (
        "That saves nothing: a stopped machine costs as much as a running one, until it is terminated" in last["text"]
    )
    words = [one for one in hook.got if "kind" in one][-1]
    assert (words["goes_on_costing"], words["terminate"]) == (True, "im terminate web")
    assert "\n    im terminate web\n" in words["text"]


@pytest.mark.parametrize("ends", [{"on_expiry": OnExpiry.TERMINATE}, {"keep_stopped": "1d"}])
def test_an_end_that_something_follows_is_told_as_ever(world: HetznerWorld, hook: Web, ends: dict[str, Any]) -> None:
    last = told(world, hook, **ends)
    assert "saves nothing" not in last["text"]


def test_what_is_to_be_shelved_is_told_to_come_back_with_its_address(world: HetznerWorld, hook: Web) -> None:
    last = told(world, hook, on_expiry=OnExpiry.SHELVE)
    assert "shelved; a snapshot of it and its address stay, and bring it back" in last["text"]
