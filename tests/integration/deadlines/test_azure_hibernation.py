"""A deadline that hibernates at Azure, in stepped time: memory is kept where it can be, and the machine rests in any case."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from im.providers.request import Ask
from tests.providers.clouds import public_key
from tests.worlds.azure import AzureWorld, azure_world


@pytest.fixture
def world(database_url: str) -> Iterator[AzureWorld]:
    with azure_world(database_url) as made:
        made.create(seconds=60, ask=Ask(public_key=public_key(), owner="ada", hibernate=True))
        yield made


def test_the_deadline_sends_it_to_sleep_and_an_extend_wakes_it(world: AzureWorld) -> None:
    world.advance(90)
    assert (world.machine().power, world.machine().hibernated, world.word()) == ("deallocated", True, "stopped (ttl)")
    world.extend("web", seconds=600)
    world.advance(30)
    assert (world.machine().power, world.word()) == ("running", "running")


def test_one_that_does_not_fall_asleep_is_deallocated_all_the_same(world: AzureWorld) -> None:
    world.subscription.failing.append(("deallocate", "OperationNotAllowed", "The guest did not hibernate."))
    world.advance(240)
    assert (world.machine().power, world.machine().hibernated, world.word()) == ("deallocated", False, "stopped (ttl)")
