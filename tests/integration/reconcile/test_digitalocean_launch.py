"""Launches at a cloud without a fence: a lost answer, tags that come late, and never a second droplet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from im.domain.state import Observed
from im.failpoints import Point
from im.providers.kit.http import Answer
from im.standins.books import Fault
from tests.integration.killed_launch import killed_at, points
from tests.worlds.digitalocean import DigitalOceanWorld, digitalocean_world

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


@pytest.mark.parametrize(
    ("what", "lag"),
    [
        ("tags_after", 200),
        ("shows_after", 200),
        pytest.param("tags_after", 30, marks=pytest.mark.long),
        pytest.param("tags_after", 600, marks=pytest.mark.long),
        pytest.param("shows_after", 600, marks=pytest.mark.long),
    ],
)
def test_however_late_it_shows_there_is_one_droplet(world: DigitalOceanWorld, what: str, lag: int) -> None:
    setattr(world.team, what, timedelta(seconds=lag))
    lose(world, after=True)
    world.create()
    world.advance(lag + 120, tick=40)
    assert (world.word(), len(world.team.ever), asked(world)) == ("running", 1, 1)


def test_what_was_never_made_is_asked_for_again_once_that_is_sure(world: DigitalOceanWorld) -> None:
    lose(world, after=False)
    world.create()
    world.advance(100, tick=20)
    assert asked(world) == 1, "it may show yet"
    world.advance(120, tick=30)
    assert (world.word(), len(world.team.ever), asked(world)) == ("running", 1, 2)


def test_of_a_lost_answer_each_droplet_goes_to_the_row_that_it_is_named_for(world: DigitalOceanWorld) -> None:
    lose(world, after=True)
    world.create(count=3)
    world.advance(1)
    gone = min(world.team.ever)
    world.team.act("destroy", world.team.droplets.pop(gone), "gone")
    world.advance(300, tick=30)
    assert [world.word(f"web-{n}") for n in (1, 2, 3)] == ["running"] * 3
    named = {str(one.id): one.name for one in world.team.droplets.values()}
    for n in (1, 2, 3):
        row = world.row(f"web-{n}")
        assert named[str(row.provider_id)] == f"web-{n}-{row.id.removeprefix('im-')}"


def test_a_droplet_whose_tags_lag_is_ours_from_the_first(world: DigitalOceanWorld) -> None:
    world.team.tags_after = timedelta(seconds=90)
    world.create()
    world.advance(200, tick=40)
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


class Killed(BaseException):
    """The worker is gone."""


@contextmanager
def killing(world: DigitalOceanWorld, *, after: bool) -> Iterator[None]:
    """The worker dies at the second create, before or after it was carried out."""
    api, calls = world.provider._api, count(1)
    send = api.send

    def dying(method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        second = path == "/droplets" and next(calls) == 2
        if second and not after:
            raise Killed
        answer = send(method, path, body)
        if second:
            raise Killed
        return answer

    api.send = dying
    try:
        yield
    finally:
        api.send = send


def by_name(world: DigitalOceanWorld) -> dict[str, str]:
    return {f"im-{one.name.rpartition('-')[2]}": str(one.id) for one in world.team.droplets.values()}


@pytest.mark.parametrize("after", [pytest.param(False, marks=pytest.mark.long), True])
def test_a_worker_that_dies_at_a_create_leaves_no_second_droplet(world: DigitalOceanWorld, after: bool) -> None:
    world.create(count=12)
    with killing(world, after=after), pytest.raises(Killed):
        world.advance(5)
    world.lose_messages()
    world.advance(400, tick=80)
    assert len(world.team.ever) == 12
    rows = [world.row(f"web-{n}") for n in range(1, 13)]
    assert {row.id: str(row.provider_id) for row in rows} == by_name(world)
    assert {row.observed for row in rows} == {Observed.RUNNING}


@pytest.mark.parametrize("point", points(tried=(Point.LAUNCH_CALLING, Point.LAUNCH_LOOKED)))
def test_one_droplet_wherever_the_worker_is_killed(world: DigitalOceanWorld, point: Point) -> None:
    """Its first answer is lost, and tags show late."""
    world.team.tags_after = timedelta(seconds=20)
    lose(world, after=True)
    with killed_at(world, point):
        world.create()
        world.advance(40, tick=10)
    world.advance(400, tick=80)
    row = world.row()
    assert ([int(str(row.provider_id))], row.observed) == (world.team.ever, Observed.RUNNING)
