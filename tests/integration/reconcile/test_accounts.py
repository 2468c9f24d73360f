"""Accounts by name at the command line and in the rows: asked for, told apart, and never mistaken for one another."""

from __future__ import annotations

from dataclasses import replace

import pytest

from im.domain.config.account import Account
from im.domain.scope import Scope
from im.domain.state import Observed
from im.providers.errors import Unauthenticated
from tests.integration.typed import answer, run
from tests.world import World


@pytest.fixture
def fleet(world: World) -> World:
    """One with `prod` beside its own account."""
    world.ctx = world.another_worker(accounts=(Account("prod", "fake"),))
    return world


def make(world: World, key: str, name: str, *words: str) -> None:
    result = run(world, "create", "--public-key", key, "--name", name, *words)
    assert result.exit_code == 0, result.stderr


def test_a_machine_is_made_in_the_account_that_was_asked_for(fleet: World, key: str) -> None:
    make(fleet, key, "web", "--account", "prod")
    assert fleet.row("web").scope == Scope("fake", "prod", "fake-1")
    assert "account prod" in run(fleet, "status", "web").stdout
    told = run(fleet, "create", "--public-key", key, "--account", "prod", "--dry-run").stdout
    assert "account prod" in told


def test_a_typo_is_refused_with_the_near_name_and_nothing_is_written(fleet: World, key: str) -> None:
    for words in (["create", "--public-key", key], ["adopt", "fake-000001", "-d", "1h"]):
        refused = run(fleet, *words, "--account", "prdo")
        assert refused.exit_code == 2
        assert refused.stderr == (
            "im: there is no account 'prdo'. Next: did you mean prod?  declared here: default, prod\n"
        )
    assert answer(fleet, "list", "--all") == []


def test_without_a_declaration_the_place_for_one_is_named(world: World, key: str) -> None:
    refused = run(world, "create", "--public-key", key, "--account", "prod")
    assert "there is no account 'prod'" in refused.stderr
    assert "declared here: default; others go under [accounts] in the config file" in refused.stderr


def test_the_account_is_shown_where_there_is_more_than_one(fleet: World, key: str) -> None:
    make(fleet, key, "one")
    assert "ACCOUNT" not in run(fleet, "list").stdout
    make(fleet, key, "two", "--account", "prod")
    assert "ACCOUNT" in run(fleet, "list").stdout
    assert [row["name"] for row in answer(fleet, "list", "--filter", "account=prod")] == ["two"]
    assert "ACCOUNT" not in run(fleet, "list", "--filter", "account=prod").stdout
    assert [row["account"] for row in answer(fleet, "list")] == ["default", "prod"]


def test_regions_are_told_apart(fleet: World, key: str) -> None:
    make(fleet, key, "near")
    make(fleet, key, "far", "--availability-zone", "fake-2a")
    assert [row["name"] for row in answer(fleet, "list", "--filter", "region=fake-2")] == ["far"]


def test_adopting_says_whose_the_machine_is(fleet: World) -> None:
    machine = fleet.cloud.foreign("fake-1a")
    result = run(fleet, "adopt", machine, "-d", "1h", "--name", "old", "--account", "prod")
    assert result.exit_code == 0, result.stderr
    assert fleet.row("old").scope.account == "prod"


class TestANameThatLeadsElsewhere:
    """Its credentials were changed: what they show is somebody else's fleet."""

    def lead_elsewhere(self, world: World, account: str) -> None:
        provider = world.provider
        provider.identity = lambda scope, **_: f"new-{account}" if scope.account == account else f"fake-{scope.account}"

    def test_no_machine_looks_gone_and_none_is_touched(self, fleet: World, key: str) -> None:
        make(fleet, key, "web", "--account", "prod", "-d", "40s")
        fleet.advance(10)
        assert fleet.row("web").observed is Observed.RUNNING
        self.lead_elsewhere(fleet, "prod")
        fleet.cloud._machines.clear()  # the other account has none of ours
        before = len(fleet.calls("stop"))
        fleet.advance(120)
        assert fleet.row("web").closed_at is None
        assert len(fleet.calls("stop")) == before
        assert "prod" in (fleet.row("web").error or "")
        assert "under a name of its own" in (fleet.row("web").error or "")

    def test_a_new_region_is_not_a_way_around(self, fleet: World, key: str) -> None:
        make(fleet, key, "web", "--account", "prod")
        fleet.advance(10)
        self.lead_elsewhere(fleet, "prod")
        make(fleet, key, "far", "--account", "prod", "--availability-zone", "fake-2a")
        fleet.advance(10)
        assert fleet.row("far").provider_id is None
        assert fleet.row("far").error_code == "forbidden"

    def test_another_name_is_another_account(self, fleet: World, key: str) -> None:
        make(fleet, key, "web", "--account", "prod")
        fleet.advance(10)
        self.lead_elsewhere(fleet, "prod")
        make(fleet, key, "own")
        fleet.advance(10)
        assert fleet.row("own").observed is Observed.RUNNING


def test_one_account_without_credentials_leaves_the_other_its_deadline(fleet: World, key: str) -> None:
    """One doorbell names both machines: the refusal of one place is not the other's."""
    make(fleet, key, "broken", "--account", "prod")
    make(fleet, key, "well")
    fleet.advance(10)
    working = fleet.provider.identity

    def identity(scope: Scope, **_: object) -> str:
        if scope.account == "prod":
            raise Unauthenticated("no usable credentials")
        return str(working(scope))

    fleet.provider.identity = identity
    fleet.stop("broken", "well")
    fleet.advance(10)
    assert fleet.row("well").observed is Observed.STOPPED
    assert fleet.row("broken").observed is Observed.RUNNING
    fleet.provider.identity = working
    fleet.advance(30)
    assert fleet.row("broken").observed is Observed.STOPPED


def test_a_fault_of_ours_in_one_place_is_not_the_others(fleet: World, key: str) -> None:
    make(fleet, key, "broken", "--account", "prod")
    make(fleet, key, "well")
    fleet.advance(10)
    sound = fleet.ctx

    def provider_for(scope: Scope) -> object:
        if scope.account == "prod":
            raise RuntimeError("a bug")
        return sound.provider_for(scope)

    fleet.ctx = replace(sound, provider_for=provider_for)  # type: ignore[arg-type]
    fleet.worker = False
    fleet.stop("broken", "well")
    bell = fleet.queue.waiting[-1]
    with pytest.raises(RuntimeError):
        fleet.answer(bell.task, bell.ids)
    fleet.ctx, fleet.worker = sound, True
    assert fleet.row("well").observed in (Observed.STOPPING, Observed.STOPPED)
