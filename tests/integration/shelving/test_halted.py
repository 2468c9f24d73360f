"""A machine that is powered off and billed all the same, and shelving: whoever presses the button, what is on its disk is kept."""

from __future__ import annotations

from dataclasses import replace

import pytest

from im.domain.config.policy import OnOutsideStart, OnOutsideStop
from im.domain.state import Desired, Observed, OnExpiry
from tests.world import World


def power_off(world: World) -> None:
    world.cloud.outside("power_off", str(world.row().provider_id))


def start(world: World) -> None:
    world.cloud.outside("start", str(world.row().provider_id))


def until_snapshot_is_complete(world: World) -> None:
    """Its snapshot is there, and nobody has looked at it yet."""
    while not world.calls("snapshot"):
        world.advance(1)
    world.worker = False
    world.advance(10)


def goes_on(world: World, seconds: float = 240) -> None:
    world.worker = True
    world.advance(seconds)


def test_a_machine_that_its_guest_powered_off_is_shelved_at_its_deadline(world: World) -> None:
    world.create(seconds=120, on_expiry=OnExpiry.SHELVE)
    world.advance(12)
    power_off(world)
    world.advance(60)
    assert (world.row().observed, world.row().desired) == (Observed.STOPPED, Desired.STOPPED), "stopped for good"
    assert world.calls("snapshot") == []
    world.advance(300)
    assert (world.word(), world.machines()) == ("shelved (ttl)", [])
    assert len(world.calls("snapshot")) == 1


def test_one_that_is_powered_off_at_the_very_deadline_is_stopped_and_shelved(world: World) -> None:
    world.create(seconds=60, on_expiry=OnExpiry.SHELVE)
    world.advance(58)
    power_off(world)
    assert world.row().observed is Observed.RUNNING, "nobody has seen it yet"
    world.advance(240)
    assert (world.word(), world.machines()) == ("shelved (ttl)", [])
    assert (len(world.calls("stop")), len(world.calls("snapshot"))) == (1, 1)


def test_powered_off_where_it_is_to_be_started_again_its_deadline_shelves_it(world: World) -> None:
    world.ctx = replace(world.ctx, settings=replace(world.ctx.settings, on_outside_stop=OnOutsideStop.RESTART))
    world.create(seconds=90, on_expiry=OnExpiry.SHELVE)
    world.advance(70)
    power_off(world)
    world.advance(240)
    assert (world.word(), world.machines()) == ("shelved (ttl)", [])


@pytest.mark.parametrize("asked", ["by its deadline", "by a person"])
def test_started_and_powered_off_by_hand_while_it_is_shelved_what_it_wrote_is_in_its_snapshot(
    world: World, asked: str
) -> None:
    """The snapshot that was complete is of a past: the machine has run since."""
    world.create(seconds=60 if asked == "by its deadline" else 7200, on_expiry=OnExpiry.SHELVE)
    world.advance(50)
    if asked == "by a person":
        world.stop("web", shelve=True)
    until_snapshot_is_complete(world)
    start(world)
    world.advance(4)
    power_off(world)
    goes_on(world)
    assert (world.word().partition(" ")[0], world.machines()) == ("shelved", [])
    assert len(world.calls("snapshot")) == 2, "a fresh one, of what it is by now"
    assert len(world.cloud.pictures.kept) == 1


def test_started_by_hand_where_that_is_undone_what_it_wrote_is_in_its_snapshot(world: World) -> None:
    world.ctx = replace(world.ctx, settings=replace(world.ctx.settings, on_outside_start=OnOutsideStart.STOP))
    world.create(seconds=7200, on_expiry=OnExpiry.SHELVE)
    world.advance(50)
    world.stop("web", shelve=True)
    until_snapshot_is_complete(world)
    start(world)
    world.advance(4)
    goes_on(world)
    assert (world.word(), world.machines()) == ("shelved", [])
    assert len(world.calls("snapshot")) == 2
    assert len(world.cloud.pictures.kept) == 1
