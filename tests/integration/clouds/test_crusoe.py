"""Launches at Crusoe: accepted and refused later, a lost answer, names that are all there is, and never a second machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from im.domain.config.account import Account
from im.domain.state import Observed
from im.failpoints import Point
from im.standins.books import Fault
from tests.integration.killed_launch import killed_at, points
from tests.integration.refresh.lost import SWEEP, forget_rows
from tests.integration.typed import answer, run
from tests.worlds.crusoe import CrusoeWorld, crusoe_world

VMS = "/compute/vms/instances"
LOST = {"code": "internal_error", "message": "an internal error occurred", "error_id": "1"}


@pytest.fixture
def world(database_url: str) -> Iterator[CrusoeWorld]:
    with crusoe_world(database_url) as made:
        yield made


def lose(world: CrusoeWorld, *, after: bool) -> None:
    world.cloud.books.plan(Fault("POST", VMS, 500, LOST, after=after))


def asked(world: CrusoeWorld) -> int:
    return sum(one.method == "POST" for one in world.cloud.books.changes(VMS))


def test_three_machines_are_three_calls_and_each_name_says_which_it_is(world: CrusoeWorld) -> None:
    world.create(count=3)
    world.advance(30, tick=5)
    assert [world.word(f"web-{n}") for n in (1, 2, 3)] == ["running"] * 3
    named = {one.id: one.name.rsplit("-", 4)[:3] for one in world.project.machines.values()}
    for n in (1, 2, 3):
        row = world.row(f"web-{n}")
        assert named[str(row.provider_id)] == [f"web-{n}", "ada", row.id.removeprefix("im-")]


@pytest.mark.parametrize("lag", [0, 200])
def test_a_lost_answer_is_found_by_its_token_and_not_asked_for_again(world: CrusoeWorld, lag: int) -> None:
    world.project.shows_after = timedelta(seconds=lag)
    lose(world, after=True)
    world.create()
    world.advance(lag + 120, tick=40)
    assert (world.word(), len(world.project.ever), asked(world)) == ("running", 1, 1)


def test_what_was_never_made_is_asked_for_again_once_that_is_sure(world: CrusoeWorld) -> None:
    lose(world, after=False)
    world.create()
    world.advance(280, tick=40)
    assert asked(world) == 1, "it may show yet"
    world.advance(120, tick=40)
    assert (world.word(), len(world.project.ever), asked(world)) == ("running", 1, 2)


@pytest.mark.parametrize("remains", [False, True])
def test_what_was_accepted_and_has_no_room_after_all_moves_on_to_the_next_location(
    world: CrusoeWorld, remains: bool
) -> None:
    world.project.lacking.add(("c1a.2x", "eu-iceland1-a"))
    world.project.leaves_errors = remains
    world.create(zone="eu-iceland1-a,us-east1-a")
    world.advance(120, tick=5)
    assert (world.word(), world.row().zone, asked(world)) == ("running", "us-east1-a", 2)
    assert list(world.project.machines) == [world.row().provider_id], "what was left in an error is taken away"
    assert any("out_of_stock" in (event.reason or "") for event in world.story())


@pytest.mark.parametrize("passes", [0, 20])
def test_a_lost_answer_of_a_launch_without_room_is_a_failed_launch_and_not_a_machine_that_stopped(
    world: CrusoeWorld, passes: int
) -> None:
    """What was left in an error is found by its token while it is being made, or after its operation has failed."""
    world.project.lacking.add(("c1a.2x", "eu-iceland1-a"))
    world.project.leaves_errors = True
    world.project.takes = timedelta(seconds=15)
    lose(world, after=True)
    world.create(zone="eu-iceland1-a,us-east1-a")
    world.worker = not passes
    world.advance(passes)
    world.worker = True
    world.advance(150, tick=5)
    assert (world.word(), world.row().zone, asked(world)) == ("running", "us-east1-a", 2)
    assert list(world.project.machines) == [world.row().provider_id], "what was left in an error is taken away"


def test_where_the_capacities_show_no_room_no_launch_is_tried_and_somewhere_it_fails_with_a_reason(
    world: CrusoeWorld,
) -> None:
    world.create(kind="h200-141gb-sxm-ib.8x", zone="any")
    world.create("none", kind="mi300x-192gb-ib.8x", zone="any", retry=False)
    world.advance(40, tick=5)
    assert (world.word(), world.row().zone, asked(world)) == ("running", "eu-iceland1-a", 1)
    assert world.word("none") == "failed: no capacity"


def test_a_name_that_somebody_edited_is_nobodys_and_an_orphan_of_ours_is_told_and_not_touched(
    world: CrusoeWorld,
) -> None:
    world.create(seconds=36000)
    world.create("other", seconds=36000)
    world.advance(40, tick=5)
    mine = {str(world.row(name).provider_id): name for name in ("web", "other")}
    forget_rows(world)
    edited = next(one for one, name in mine.items() if name == "web")
    world.project.machines[edited].name = "precious"
    world.advance(SWEEP)
    (found,) = answer(world, "orphans")
    assert (found["provider_id"], found["tags"]["Name"]) == (next(one for one in mine if one != edited), "other")
    refused = run(world, "adopt", edited, "--provider", "crusoe", "-d", "1h", "--no-wait")
    assert (refused.exit_code, "takes in there only what it has launched" in refused.stderr) == (2, True)
    assert world.project.ended == []
    assert run(world, "orphans", "adopt", found["provider_id"], "-d", "1h", "--no-wait").exit_code == 0
    world.advance(20)
    assert (world.word("other"), world.row("other").provider_id) == ("running", found["provider_id"])
    forget_rows(world)
    world.advance(SWEEP)
    assert run(world, "orphans", "terminate", found["provider_id"], "-y", "--no-wait").exit_code == 0
    world.advance(60)
    assert world.project.ended == [found["provider_id"]]


def test_offers_and_any_cloud_know_what_it_has_with_its_room_and_its_price(world: CrusoeWorld, key: str) -> None:
    url = world.provider._api._json._url.removesuffix("/v1")  # type: ignore[attr-defined]
    told = f"crusoe={url.replace('://', '://sandbox:secret@')}"
    settings = replace(world.ctx.settings, sandbox_url=told, accounts=(Account("team", "crusoe"),))
    world.ctx = replace(world.ctx, settings=settings)
    (first, *_) = answer(world, "offers", "--gpu", "l40s", "--max-price", "2")["items"]
    assert (first["provider"], first["instance_type"], first["room"]) == ("crusoe", "l40s-48gb.1x", True)
    made = run(
        world, "create", "--provider", "any", "--gpu", "l40s", "--max-price", "2", "--name", "web", "-d", "2h",
        "--public-key", key, "--no-wait",
    )  # fmt: skip
    assert made.exit_code == 0, made.stderr
    world.advance(40, tick=5)
    assert (world.word(), world.row().spec.image) == ("running", "ubuntu22.04-nvidia-pcie-docker:latest")


@pytest.mark.parametrize("point", points(tried=(Point.LAUNCH_CALLING,)))
def test_one_machine_wherever_the_worker_is_killed(world: CrusoeWorld, point: Point) -> None:
    """Its first answer is lost, and it shows late."""
    world.project.shows_after = timedelta(seconds=20)
    lose(world, after=True)
    with killed_at(world, point):
        world.create(seconds=36000)
        world.advance(60, tick=40)
    world.advance(720, tick=60)
    row = world.row()
    assert ([row.provider_id], row.observed) == (world.project.ever, Observed.RUNNING)
