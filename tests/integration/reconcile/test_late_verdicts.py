"""A cloud that accepts a launch, names the machine, and says a minute later that nothing comes of it: as Google Cloud does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from im.domain.event import EventKind
from im.domain.spec.spot import Spot
from im.domain.state import Observed
from im.standins.books import Fault
from tests.worlds.gcp import GcpWorld, gcp_world

ILL = {"error": {"code": 503, "message": "Visibility check was unavailable", "errors": [{"reason": "backendError"}]}}


@pytest.fixture
def world(database_url: str) -> Iterator[GcpWorld]:
    with gcp_world(database_url) as made:
        yield made


def inserts(world: GcpWorld) -> list[str]:
    return [one.path.split("/")[6] for one in world.gcp.books.changes("/instances")]


def told(world: GcpWorld, name: str = "web") -> str:
    """Its history."""
    return "\n".join(one.reason for one in world.story(name))


@pytest.mark.parametrize("spot", [None, Spot(), Spot(once=True)])
def test_want_of_room_that_is_told_late_moves_on_to_the_next_zone(world: GcpWorld, spot: Spot | None) -> None:
    world.project.lacking.add(("e2-small", "us-central1-a"))
    world.create(zone="us-central1-a,us-central1-b", spot=spot)
    world.advance(60)
    row = world.row()
    assert (row.observed, row.zone) == (Observed.RUNNING, "us-central1-b")
    assert inserts(world) == ["us-central1-a", "us-central1-b"]
    assert [one.zone for one in world.project.machines.values()] == ["us-central1-b"]
    assert "is currently unavailable in the us-central1-a zone" in told(world)
    assert "trying 2 of 2: e2-small in us-central1-b" in told(world)


def test_a_type_after_the_other_is_tried_where_no_zone_has_room(world: GcpWorld) -> None:
    world.project.lacking.add(("n2-standard-2", "us-central1-a"))
    world.create(kind="n2-standard-2,e2-standard-2", zone="us-central1-a")
    world.advance(60)
    assert world.machine().kind == "e2-standard-2"


def test_where_there_is_nothing_left_to_try_the_cloud_s_own_word_is_the_reason(world: GcpWorld) -> None:
    world.project.lacking.add(("e2-small", "us-central1-a"))
    world.create()
    world.advance(60)
    row = world.row()
    assert (row.provider_id, row.error_code) == (None, "no_capacity")
    assert "it has room in us-central1-b, us-central1-c, us-central1-f" in str(row.error)
    assert world.kinds()[-1] == EventKind.LAUNCH_FAILED
    assert inserts(world) == ["us-central1-a"]
    assert (world.project.machines, world.project.disks) == ({}, {})


def test_some_of_a_launch_may_find_room_and_others_none(world: GcpWorld) -> None:
    world.create(count=3, zone="us-central1-a,us-central1-b")
    world.deliver()
    world.project.lacking.add(("e2-small", "us-central1-a"))
    world.advance(60)
    rows = [world.row(f"web-{n}") for n in (1, 2, 3)]
    assert {one.observed for one in rows} == {Observed.RUNNING}
    labels = {str(one.id): one.labels["im-instance"] for one in world.project.machines.values()}
    assert labels == {one.provider_id: one.id for one in rows}, "each machine carries the instance that it is"


def test_an_operation_that_cannot_be_asked_after_says_nothing_of_the_launch(world: GcpWorld) -> None:
    world.project.lacking.add(("e2-small", "us-central1-a"))
    world.create(zone="us-central1-a,us-central1-b")
    world.deliver()
    (operation,) = [one.name for one in world.project.operations.values() if one.kind == "insert"]
    world.gcp.books.plan(Fault("GET", f"/operations/{operation}", 503, ILL), times=3)
    world.advance(90)
    assert inserts(world) == ["us-central1-a", "us-central1-b"], (
        "one machine a zone, and the second only after the word"
    )
    assert world.row().zone == "us-central1-b"


def test_a_lost_answer_brings_no_second_machine(world: GcpWorld) -> None:
    world.gcp.books.plan(Fault("POST", "/instances", 503, ILL, after=True))
    world.create()
    world.advance(60)
    assert len(world.project.ever) == 1
    assert str(world.project.ever[0]) == world.row().provider_id


def test_a_start_that_finds_no_room_is_told_with_its_reason(world: GcpWorld) -> None:
    world.create()
    world.advance(30)
    world.stop("web")
    world.advance(30)
    world.project.lacking.add(("e2-small", "us-central1-a"))
    world.start("web", seconds=3600)
    world.advance(20)
    assert "no_capacity: Google Cloud: A e2-small VM instance is currently unavailable" in told(world)
    world.project.lacking.clear()
    world.advance(120)
    assert world.row().observed is Observed.RUNNING


def test_what_is_taken_back_says_so_and_is_not_called_somebody_s_stop(world: GcpWorld) -> None:
    world.create("stays", spot=Spot())
    world.create("goes", spot=Spot(once=True))
    world.advance(30)
    for name in ("stays", "goes"):
        world.project.preempt(world.machine(name))
    world.advance(240)
    stays, goes = world.row("stays"), world.row("goes")
    assert (stays.observed, goes.closed_at is not None) == (Observed.STOPPED, True)
    assert "the cloud took this spot machine back" in told(world, "stays")
    assert "the cloud took this spot machine back, for good" in told(world, "goes")
    world.start("stays", seconds=3600)
    world.advance(30)
    assert world.row("stays").observed is Observed.RUNNING, "no request stands behind it: whoever wants it starts it"
