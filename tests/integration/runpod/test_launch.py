"""Launches at RunPod: one pod a call, an answer that was lost, no room, and never a second pod."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from im.domain.state import Observed
from im.failpoints import Point
from im.standins.books import Fault
from tests.integration.killed_launch import killed_at, points
from tests.providers.runpod.room import foreign
from tests.worlds.runpod import RunPodWorld, runpod_world

LOST = {"title": "Internal Server Error", "status": 500, "detail": "read-back failed"}
GPU = "NVIDIA GeForce RTX 4090"


@pytest.fixture
def world(database_url: str) -> Iterator[RunPodWorld]:
    with runpod_world(database_url) as made:
        yield made


def lose(world: RunPodWorld, *, after: bool) -> None:
    world.cloud.books.plan(Fault("POST", "/v2/pods", 500, LOST, after=after))


def asked(world: RunPodWorld) -> int:
    return len(world.cloud.books.changes("/v2/pods"))


def test_each_pod_is_a_call_and_strangers_are_left_alone(world: RunPodWorld) -> None:
    theirs = foreign(world.account, "theirs")
    world.create(count=3)
    world.advance(60)
    assert [world.word(f"web-{n}") for n in (1, 2, 3)] == ["running"] * 3
    assert (asked(world), theirs.status, theirs.name) == (3, "RUNNING", "theirs")
    assert {one.status for one in world.cloud.books.entries} <= {200, 201}
    assert world.row("web-1").terms.ssh_port


@pytest.mark.parametrize("lag", [0, 120])
def test_a_lost_answer_is_found_by_its_token_and_not_asked_for_again(world: RunPodWorld, lag: int) -> None:
    """RunPod has answered with an error after having made a pod, and shows a pod late."""
    world.account.shows_after = timedelta(seconds=lag)
    lose(world, after=True)
    world.create()
    world.advance(lag + 90, tick=30)
    assert (world.word(), len(world.account.ever), asked(world)) == ("running", 1, 1)


def test_what_was_never_made_is_asked_for_again_once_that_is_sure(world: RunPodWorld) -> None:
    lose(world, after=False)
    world.create()
    world.advance(160, tick=40)
    assert asked(world) == 1, "it may show yet"
    world.advance(120, tick=40)
    assert (world.word(), len(world.account.ever), asked(world)) == ("running", 1, 2)


def test_a_catalogue_that_promises_room_in_vain_moves_on_to_the_next_data_center(world: RunPodWorld) -> None:
    world.account.lacking |= {(GPU, "CA-MTL-1"), (GPU, "EU-RO-1")}
    world.create()
    world.advance(60)
    assert (world.word(), world.row().zone, asked(world)) == ("running", "EU-SE-1", 3)


def test_without_room_anywhere_it_is_tried_again_until_there_is_some(world: RunPodWorld) -> None:
    world.create(kind="b200-x1", retry=True)
    world.advance(60)
    assert (world.word(), asked(world)) == ("launching (no capacity, retrying)", 0)
    world.account.centers["NVIDIA B200"] = ("US-TX-3",)
    world.advance(180)
    assert (world.word(), world.row().zone) == ("running", "US-TX-3")


@pytest.mark.parametrize("point", points(tried=(Point.LAUNCH_MADE,)))
def test_one_pod_wherever_the_worker_is_killed(world: RunPodWorld, point: Point) -> None:
    """Its first answer is lost, and it shows late."""
    world.account.shows_after = timedelta(seconds=20)
    lose(world, after=True)
    with killed_at(world, point):
        world.create()
        world.advance(40, tick=10)
    world.advance(400, tick=40)
    row = world.row()
    assert ([row.provider_id], row.observed) == (world.account.ever, Observed.RUNNING)
