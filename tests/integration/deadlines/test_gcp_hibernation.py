"""A deadline that suspends at Google Cloud, in stepped time: memory is kept where it can be, and the machine rests in any case."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.worlds.gcp import GcpWorld, gcp_world


@pytest.fixture
def world(database_url: str) -> Iterator[GcpWorld]:
    with gcp_world(database_url) as made:
        yield made


def test_the_deadline_sends_it_to_sleep_and_an_extend_wakes_it(world: GcpWorld) -> None:
    world.create(seconds=60, hibernate=True)
    world.advance(90)
    assert (world.machine().status, world.word()) == ("SUSPENDED", "stopped (ttl)")
    world.extend("web", seconds=600)
    world.advance(30)
    assert (world.machine().status, world.word()) == ("RUNNING", "running")


def test_one_that_does_not_fall_asleep_is_stopped_all_the_same(world: GcpWorld) -> None:
    world.project.restless.add("e2-small")
    world.create(seconds=60, hibernate=True)
    world.advance(240)
    assert (world.machine().status, world.word()) == ("TERMINATED", "stopped (ttl)")
    kinds = [one.kind for one in world.project.operations.values() if one.kind in ("suspend", "stop")]
    assert kinds == ["suspend", "stop"]


def test_one_that_is_asleep_is_terminated_as_any_other(world: GcpWorld) -> None:
    world.create(seconds=60, hibernate=True)
    world.advance(90)
    world.terminate("web")
    world.advance(60)
    assert world.project.machines == {}
