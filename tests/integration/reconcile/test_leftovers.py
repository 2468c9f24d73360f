"""`im gc`: what nothing uses goes, after a person has said so; what anything needs stays, whatever happens in between."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from im.domain.scope import Scope
from im.providers.errors import Forbidden, ProviderError, Unavailable
from im.providers.fake.features import FakeLeftovers
from im.providers.features import Resource
from im.queue.tasks import Task
from im.services import leftovers
from tests.integration.collector import collecting
from tests.integration.requests.test_machine import order
from tests.integration.typed import run
from tests.people import person
from tests.world import World

HOME = ("10.0.0.1/32",)


@pytest.fixture
def working(world: World) -> Iterator[World]:
    with collecting(world):
        yield world


def names(world: World) -> set[str]:
    return {name.partition("-")[0] for _, _, name in world.cloud.belonging.values()}


def gone(world: World, name: str = "web") -> None:
    order(world, name, ssh_from=HOME)
    world.advance(5)
    world.terminate(name)
    world.advance(15)
    assert names(world) == {"key", "firewall"}


def unused(world: World) -> list[Any]:
    leftovers.ask(world.ctx)
    world.deliver()
    return [one for one in leftovers.survey(world.ctx).found if one.gone_at is None]


def test_what_nothing_uses_is_shown_and_nothing_is_taken_away(working: World) -> None:
    gone(working)
    done = run(working, "gc", "--dry-run", "--json")
    assert {one["kind"] for one in json.loads(done.stdout)} == {"key", "firewall"}
    assert names(working) == {"key", "firewall"}


def test_what_nothing_uses_goes_when_a_person_says_so(working: World) -> None:
    gone(working)
    done = run(working, "gc", "-y")
    assert done.stdout.endswith("2 taken away\n")
    assert names(working) == set()
    assert run(working, "gc", "-y").stdout == "Nothing of ours lies unused.\n"


def test_without_anybody_to_ask_nothing_goes(working: World) -> None:
    gone(working)
    done = run(working, "gc")
    assert (done.exit_code, names(working)) == (2, {"key", "firewall"})
    assert "say it with -y" in done.stderr


def test_no_worker_answers(world: World) -> None:
    gone(world)
    world.worker = False
    done = run(world, "gc", "--timeout", "1s")
    assert done.exit_code == 5
    assert "no worker has answered within 1s" in done.stderr


@pytest.mark.parametrize("state", ["running", "stopped", "failed", "waiting"])
def test_what_a_living_instance_needs_is_not_unused(world: World, state: str) -> None:
    gone(world)
    if state == "failed":
        world.cloud.fail_next("launch", Forbidden("no"))
    world.worker = state != "waiting"
    order(world, "again", ssh_from=HOME)
    world.advance(5)
    if state == "stopped":
        world.stop("again")
        world.advance(15)
    world.worker = True
    world.queue.waiting.clear()
    assert unused(world) == []


def test_another_wish_leaves_the_old_rules_unused(world: World) -> None:
    gone(world)
    order(world, "elsewhere", ssh_from=("10.9.9.9/32",))
    world.advance(5)
    assert [one.name for one in unused(world)] == ["firewall-22/tcp@10.0.0.1/32"]


def test_what_is_needed_again_before_it_went_stays(world: World) -> None:
    gone(world)
    things = unused(world)
    world.worker = False
    leftovers.approve_deletion(world.ctx, things, actor=person("ada"))
    order(world, "again", ssh_from=HOME)
    world.answer(Task.GC)
    assert names(world) == {"key", "firewall"}
    left = leftovers.survey(world.ctx).found
    assert {one.error for one in left} == {"it is in use again"}
    assert not any(one.waiting for one in left)


class RefusesToDiscard(FakeLeftovers):
    def discard(self, scope: Scope, things: Sequence[Resource]) -> dict[str, ProviderError]:
        return {one.id: Forbidden("our credentials may not do this") for one in things}


def test_what_the_cloud_refuses_is_told_and_not_tried_for_ever(working: World) -> None:
    gone(working)
    working.provider.leftovers = RefusesToDiscard(working.cloud, working.deployment)
    done = run(working, "gc", "-y")
    assert done.exit_code == 1
    assert "stays: our credentials may not do this (and 1 more)" in done.stderr
    assert leftovers.survey(working.ctx).open == 0


def test_a_cloud_that_is_ill_is_asked_again_at_the_next_tick(world: World) -> None:
    gone(world)
    things = unused(world)
    world.cloud.fail_next("discard", Unavailable("ill"))
    leftovers.approve_deletion(world.ctx, things, actor=person("ada"))
    world.deliver()
    assert names(world) == {"key", "firewall"}
    world.advance(12)
    assert names(world) == set()


def test_a_lost_doorbell_only_takes_longer(world: World) -> None:
    gone(world)
    things = unused(world)
    leftovers.approve_deletion(world.ctx, things, actor=person("ada"))
    world.lose_messages()
    world.advance(12)
    assert names(world) == set()


def test_a_scope_that_cannot_be_looked_at_says_why(working: World) -> None:
    gone(working)
    working.cloud.fail_next("belongings", Forbidden("you may not"))
    done = run(working, "gc", "--dry-run")
    assert "fake/default/fake-1 could not be looked at: you may not" in done.stderr


def test_asking_twice_is_asking_once(world: World) -> None:
    gone(world)
    things = unused(world)
    leftovers.approve_deletion(world.ctx, things, actor=person("ada"))
    leftovers.approve_deletion(world.ctx, things, actor=person("bob"))
    leftovers.ask(world.ctx)
    world.deliver()
    assert names(world) == set()
    assert world.answer(Task.GC) == "nothing to do"
