"""Launches at Nebius: accepted and refused later, answered twice, and killed on the way; one machine for each slot all the same."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from im.domain.state import OnExpiry
from im.standins.books import Fault
from tests.worlds.nebius import NebiusWorld, nebius_world

CREATE = "/nebius.compute.v1.InstanceService/Create"
H200 = "gpu-h200-sxm_1gpu-16vcpu-200gb"


@pytest.fixture
def world(database_url: str) -> Iterator[NebiusWorld]:
    with nebius_world(database_url) as made:
        yield made


def made(world: NebiusWorld) -> int:
    return len(world.tenant.ever)


def test_an_answer_that_was_lost_is_asked_for_again_and_names_the_machine_that_there_is(world: NebiusWorld) -> None:
    for n in range(2):
        world.cloud.books.plan(Fault("POST", CREATE, 4, {"message": "Deadline exceeded"}, after=True))
        world.create(f"web-{n}", count=1)
    world.advance(120)
    assert [world.word(f"web-{n}") for n in range(2)] == ["running", "running"]
    assert made(world) == 2


def test_without_room_after_all_it_goes_on_to_the_next_region_and_leaves_nothing(world: NebiusWorld) -> None:
    world.tenant.full.add(("gpu-h200-sxm", "eu-north1"))
    world.create(kind=H200, zone="eu-north1,us-central1")
    world.advance(180)
    assert (world.word(), world.row().zone, made(world)) == ("running", "us-central1", 2)
    (machine,) = world.tenant.machines.values()
    assert [one.machine for one in world.tenant.disks.values()] == [machine.id]


@pytest.mark.long
def test_without_room_anywhere_it_fails_with_the_reason(world: NebiusWorld) -> None:
    world.tenant.full |= {("gpu-h200-sxm", region) for region in ("eu-north1", "us-central1")}
    world.create(kind=H200, zone="eu-north1,us-central1", retry=False)
    world.advance(300)
    assert world.row().failed
    assert "Not enough resources" in (world.row().error or "")
    assert (world.tenant.machines, world.tenant.disks) == ({}, {})


@pytest.mark.long
def test_a_deadline_stops_it_and_an_extend_that_finds_no_room_says_so(world: NebiusWorld) -> None:
    world.create(kind=H200, seconds=120, on_expiry=OnExpiry.STOP)
    world.advance(150)
    assert (world.states("web"), world.word()) == (["STOPPED"], "stopped (ttl)")
    world.tenant.full.add(("gpu-h200-sxm", "eu-north1"))
    world.extend("web", seconds=3600)
    words = set()
    for _ in range(10):
        world.advance(10)
        words.add(world.word())
    assert words == {"starting", "starting (no capacity, retrying)"}
    world.tenant.full.clear()
    world.advance(300)
    assert (world.word(), world.states("web")) == ("running", ["RUNNING"])
