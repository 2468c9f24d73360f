"""How a big scope is looked at: by states mostly, in full once a minute, zone by zone when it is very big; and what that proves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from im.db import shards
from im.domain.scope import Scope
from im.domain.state import Observed
from im.providers.contract import Filter
from im.providers.errors import Forbidden, Unavailable
from im.queue.tasks import Task
from im.services import queries
from im.services.refresh import listing
from tests.world import World


class Watched:
    """A provider that notes by which verb it was looked at."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.looks: list[str] = []
        self.states = WatchedStates(inner.states, self.looks)

    def __getattr__(self, name: str) -> Any:
        if name in ("list", "describe"):
            self.looks.append(name)
        return getattr(self._inner, name)


class WatchedStates:
    def __init__(self, inner: Any, looks: list[str]) -> None:
        self._inner, self._looks = inner, looks

    def list(self, scope: Scope, *, zone: str = "") -> Any:
        self._looks.append("states")
        return self._inner.list(scope, zone=zone)


@pytest.fixture
def big(world: World) -> World:
    """A world in which a single machine is many, and whose first full look is behind it."""
    world.ctx = replace(world.ctx, settings=replace(world.ctx.settings, states_from=1))
    world.provider = Watched(world.provider)
    world.create()
    world.create("other")
    world.advance(65)
    world.provider.looks.clear()
    return world


def machine(world: World, name: str = "web") -> str:
    found = world.row(name).provider_id
    assert found is not None
    return found


def test_a_small_scope_is_listed_in_full_every_time(world: World) -> None:
    world.provider = Watched(world.provider)
    world.create()
    world.advance(60)
    assert "list" in world.provider.looks
    assert "states" not in world.provider.looks


def test_of_a_big_one_only_states_are_read_while_nothing_changes(big: World) -> None:
    big.advance(50)
    assert set(big.provider.looks) == {"states"}
    big.advance(20)
    assert "list" in big.provider.looks


def test_what_has_changed_is_described_and_judged_as_ever(big: World) -> None:
    big.cloud.outside("stop", machine(big))
    big.advance(25)
    assert big.word() == "stopped outside"
    assert big.word("other") == "running"
    assert "describe" in big.provider.looks
    assert "list" not in big.provider.looks


def test_a_restart_between_two_looks_shows_in_the_full_one(big: World) -> None:
    before = big.row().launched_at
    assert before is not None
    big.advance(11)
    big.cloud.outside("stop", machine(big))
    big.now += big.cloud.takes
    big.cloud.outside("start", machine(big))
    big.now += big.cloud.takes
    big.advance(60)
    after = big.row().launched_at
    assert after is not None
    assert after > before


def test_missing_twice_from_all_states_and_unknown_by_id_is_gone(big: World) -> None:
    big.cloud.vanish(machine(big))
    big.advance(35)
    assert big.row().observed is Observed.MISSING
    assert big.word("other") == "running"


def test_states_that_break_off_prove_no_absence(big: World) -> None:
    big.cloud.vanish(machine(big))
    for _ in range(3):
        big.cloud.cut_next_listing(keep=0)
        big.advance(10)
    assert big.row().drift_since is None
    (health,) = queries.listing(big.ctx).health.values()
    assert health.error_code == "incomplete"


def test_an_account_full_of_others_machines_is_listed_by_our_tag(big: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "_AT_ONCE", 1)
    for _ in range(30):
        big.cloud.foreign("fake-1a")
    big.cloud.outside("stop", machine(big))
    big.advance(50)
    assert big.word() == "stopped outside"
    assert big.provider.looks.count("states") == 1


def test_credentials_that_may_not_read_states_still_list(big: World) -> None:
    def forbidden(scope: Scope, *, zone: str = "") -> Any:
        raise Forbidden("DescribeInstanceStatus is not allowed")

    big.provider.states.list = forbidden
    big.cloud.outside("stop", machine(big))
    big.advance(30)
    assert big.word() == "stopped outside"


class TestZones:
    """Scopes that are looked at zone by zone."""

    @pytest.fixture
    def split(self, world: World, monkeypatch: pytest.MonkeyPatch) -> World:
        monkeypatch.setattr(shards, "SPLIT_FROM", 2)
        world.create("here", zone="fake-1a")
        world.create("there", zone="fake-1b")
        world.advance(70)
        return world

    def rung(self, world: World, seconds: float) -> set[tuple[str, ...]]:
        already = len(world.queue.rung)
        world.advance(seconds)
        return {bell.ids for bell in world.queue.rung[already:] if bell.task is Task.REFRESH_SCOPE}

    def test_each_zone_has_its_doorbell(self, split: World) -> None:
        number = {ids[0].partition("/")[0] for ids in self.rung(split, 10)}.pop()
        assert self.rung(split, 10) == {(f"{number}/fake-1a",), (f"{number}/fake-1b",), (f"{number}/-",)}

    def test_a_look_at_one_zone_says_nothing_of_the_machines_of_another(self, split: World) -> None:
        for _ in range(4):
            split.advance(10)
            assert {split.word("here"), split.word("there")} == {"running"}
        split.cloud.vanish(machine(split, "there"))
        split.advance(35)
        assert split.row("there").observed is Observed.MISSING
        assert split.word("here") == "running"

    def test_a_row_of_no_known_zone_is_asked_for_by_its_id(self, split: World) -> None:
        split.tamper("there", zone="")
        split.cloud.outside("stop", machine(split, "there"))
        split.advance(25)
        assert split.word("there") == "stopped outside"

    def test_the_scope_is_as_fresh_as_its_stalest_zone(self, split: World) -> None:
        honest = split.provider.list

        def one_zone_is_ill(scope: Scope, which: Filter) -> Any:
            if which.zone == "fake-1b":
                raise Unavailable("that zone does not answer")
            return honest(scope, which)

        (before,) = queries.listing(split.ctx).health.values()
        split.provider.list = one_zone_is_ill
        split.advance(30)
        (ill,) = queries.listing(split.ctx).health.values()
        assert ill.error_code == "unavailable"
        assert before.refreshed_at is not None
        assert ill.refreshed_at is not None
        assert (ill.refreshed_at - before.refreshed_at).total_seconds() <= 10
        split.provider.list = honest
        split.advance(15)
        (well,) = queries.listing(split.ctx).health.values()
        assert well.error_code is None

    def test_a_forged_zone_is_nothing_to_do(self, split: World) -> None:
        assert split.answer(Task.REFRESH_SCOPE, ["1/nowhere", "999/fake-1a", "x/fake-1a"]) == "nothing to do"
