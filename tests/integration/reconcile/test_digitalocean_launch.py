"""Launches at a cloud without a fence: a lost answer, tags that come late, and never a second droplet."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from im.standins.books import Fault
from tests.digitalocean_world import DigitalOceanWorld, digitalocean_world

LOST = {"id": "server_error", "message": "the gateway gave up"}


@pytest.fixture
def world(database_url: str) -> Iterator[DigitalOceanWorld]:
    with digitalocean_world(database_url) as made:
        yield made


def lose(world: DigitalOceanWorld, *, after: bool) -> None:
    world.cloud.books.plan(Fault("POST", "/droplets", 504, LOST, after=after))


def asked(world: DigitalOceanWorld) -> int:
    return len(world.cloud.books.changes("/droplets"))


def test_a_lost_answer_is_found_by_its_token_and_not_asked_for_again(world: DigitalOceanWorld) -> None:
    lose(world, after=True)
    world.create(count=3)
    world.advance(60)
    assert [world.word(f"web-{n}") for n in (1, 2, 3)] == ["running"] * 3
    assert (len(world.team.ever), asked(world)) == (3, 1)
    named = {str(one.id): one.name for one in world.team.droplets.values()}
    for n in (1, 2, 3):
        row = world.row(f"web-{n}")
        assert named[str(row.provider_id)] == f"web-{n}-{row.id.removeprefix('im-')}"


@pytest.mark.parametrize("lag", [30, 200, 600])
def test_however_late_the_tags_are_there_is_one_droplet(world: DigitalOceanWorld, lag: int) -> None:
    world.team.tags_after = timedelta(seconds=lag)
    lose(world, after=True)
    world.create()
    world.advance(lag + 120, tick=10)
    assert (world.word(), len(world.team.ever), asked(world)) == ("running", 1, 1)


def test_what_was_never_made_is_asked_for_again_once_that_is_sure(world: DigitalOceanWorld) -> None:
    lose(world, after=False)
    world.create()
    world.advance(100, tick=10)
    assert asked(world) == 1, "it may show yet"
    world.advance(120, tick=10)
    assert (world.word(), len(world.team.ever), asked(world)) == ("running", 1, 2)


def test_of_a_lost_answer_each_droplet_goes_to_the_row_that_it_is_named_for(world: DigitalOceanWorld) -> None:
    lose(world, after=True)
    world.create(count=3)
    world.advance(1)
    gone = min(world.team.ever)
    del world.team.droplets[gone]
    world.advance(300, tick=10)
    assert [world.word(f"web-{n}") for n in (1, 2, 3)] == ["running"] * 3
    named = {str(one.id): one.name for one in world.team.droplets.values()}
    for n in (1, 2, 3):
        row = world.row(f"web-{n}")
        assert named[str(row.provider_id)] == f"web-{n}-{row.id.removeprefix('im-')}"


def test_a_droplet_whose_tags_lag_is_ours_from_the_first(world: DigitalOceanWorld) -> None:
    world.team.tags_after = timedelta(seconds=90)
    world.create()
    world.advance(200, tick=10)
    assert (world.word(), len(world.team.ever)) == ("running", 1)
    assert world.row().error is None


def test_a_swallowed_delete_is_sent_again(world: DigitalOceanWorld) -> None:
    world.team.swallows = True
    world.create()
    world.advance(1)
    world.terminate("web")
    world.advance(120, tick=5)
    assert world.row().closed_at is not None
    assert world.team.droplets == {}
