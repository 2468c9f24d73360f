"""Launches at Lambda: one machine a call and a call each twelve seconds, a lost answer, no room, and never a second machine."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

import pytest

from im.domain.state import Observed
from im.failpoints import Point
from im.standins.books import Fault
from tests.integration.killed_launch import killed_at, points
from tests.worlds.lambda_cloud import LambdaWorld, lambda_world

LOST = {"error": {"code": "global/internal-error", "message": "An internal server error occurred."}}
LAUNCH = "/instance-operations/launch"


@pytest.fixture
def world(database_url: str) -> Iterator[LambdaWorld]:
    with lambda_world(database_url) as made:
        yield made


def lose(world: LambdaWorld, *, after: bool) -> None:
    world.cloud.books.plan(Fault("POST", LAUNCH, 500, LOST, after=after))


def asked(world: LambdaWorld) -> int:
    return len(world.cloud.books.changes(LAUNCH))


def test_three_machines_are_three_calls_twelve_seconds_apart_and_none_is_refused(world: LambdaWorld) -> None:
    world.create(count=3)
    world.advance(60)
    assert [world.word(f"web-{n}") for n in (1, 2, 3)] == ["running"] * 3
    calls = [one for one in world.cloud.books.entries if one.path.endswith(LAUNCH)]
    assert [one.status for one in calls] == [200] * 3
    assert all(b.at - a.at >= timedelta(seconds=12) for a, b in pairwise(calls))
    assert {one.status for one in world.cloud.books.entries} == {200}
    named = {one.id: one.name.split(".")[:2] for one in world.team.instances.values()}
    for n in (1, 2, 3):
        row = world.row(f"web-{n}")
        assert named[str(row.provider_id)] == [f"web-{n}", row.id.removeprefix("im-")]


@pytest.mark.parametrize("lag", [0, 90])
def test_a_lost_answer_is_found_by_its_token_and_not_asked_for_again(world: LambdaWorld, lag: int) -> None:
    world.team.shows_after = timedelta(seconds=lag)
    lose(world, after=True)
    world.create()
    world.advance(lag + 120, tick=40)
    assert (world.word(), len(world.team.ever), asked(world)) == ("running", 1, 1)


def test_what_was_never_made_is_asked_for_again_once_that_is_sure(world: LambdaWorld) -> None:
    lose(world, after=False)
    world.create()
    world.advance(100, tick=20)
    assert asked(world) == 1, "it may show yet"
    world.advance(120, tick=30)
    assert (world.word(), len(world.team.ever), asked(world)) == ("running", 1, 2)


def test_where_there_is_no_room_no_launch_is_tried(world: LambdaWorld) -> None:
    world.create(kind="gpu_1x_h100_sxm5", zone="us-east-1,us-west-3")
    world.advance(60)
    assert (world.word(), world.row().zone, asked(world)) == ("running", "us-west-3", 1)


def test_a_list_that_promises_room_in_vain_moves_on_to_the_next_region(world: LambdaWorld) -> None:
    world.team.lacking.add(("gpu_1x_a10", "europe-central-1"))
    world.create(zone="any")
    world.advance(90)
    assert (world.word(), world.row().zone, asked(world)) == ("running", "us-east-1", 2)


def test_without_room_anywhere_it_is_tried_again_until_there_is_some(world: LambdaWorld) -> None:
    world.create(kind="gpu_8x_v100", zone="any", retry=True)
    world.advance(90)
    assert world.word() == "launching (no capacity, retrying)"
    assert asked(world) == 0
    world.team.rooms["gpu_8x_v100"] = ("us-west-1",)
    world.advance(180)
    assert (world.word(), world.row().zone) == ("running", "us-west-1")


def test_where_tags_are_not_taken_the_name_alone_tells_whose_a_machine_is(world: LambdaWorld) -> None:
    world.team.refuses_tags = True
    world.create()
    world.advance(90)
    assert (world.word(), len(world.team.ever)) == ("running", 1)
    (one,) = world.team.instances.values()
    assert one.tags == []
    lose(world, after=True)
    world.create("other")
    world.advance(120)
    assert (world.word("other"), len(world.team.ever)) == ("running", 2)


def test_a_machine_whose_name_was_edited_where_there_are_no_tags_is_not_ours_to_end(world: LambdaWorld) -> None:
    world.team.refuses_tags = True
    world.create(seconds=300)
    world.advance(60)
    (one,) = world.team.instances.values()
    one.name = "precious"
    world.advance(60)
    assert world.row().observed is not Observed.NONE
    listed = [seen.provider_id for page in world.provider.list(world.row().scope) for seen in page.sightings]
    assert listed == []


@pytest.mark.parametrize("point", points(tried=(Point.LAUNCH_LOOKED,)))
def test_one_machine_wherever_the_worker_is_killed(world: LambdaWorld, point: Point) -> None:
    """Its first answer is lost, and it shows late."""
    world.team.shows_after = timedelta(seconds=20)
    lose(world, after=True)
    with killed_at(world, point):
        world.create()
        world.advance(40, tick=10)
    world.advance(400, tick=80)
    row = world.row()
    assert ([row.provider_id], row.observed) == (world.team.ever, Observed.RUNNING)
