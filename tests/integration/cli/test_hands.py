"""`im why`, `im list` and `im history` say whose hand stopped or ended a machine, each in its own words."""

from __future__ import annotations

import pytest

from im.domain.cause import Hand
from im.domain.spec.spot import Spot
from im.domain.state import Desired
from im.providers.fake.hands import SAYS
from tests.integration.typed import answer, run
from tests.world import World

STOPPED = {
    Hand.OUTSIDE: ("stopped outside", "somebody stopped it at the cloud, outside im"),
    Hand.GUEST: ("stopped (guest)", "its guest shut it down, from within"),
    Hand.RETIRED: ("stopped (retired)", "the cloud stopped it as announced, to retire or maintain its hardware"),
    Hand.CLOUD: ("stopped (cloud)", "the cloud itself stopped it"),
}
ENDED = {
    Hand.OUTSIDE: ("terminated outside", "somebody terminated it at the cloud, outside im"),
    Hand.GUEST: ("terminated (guest)", "its guest shut it down, and it was made to end by that"),
    Hand.RETIRED: ("terminated (retired)", "the cloud ended it as announced, to retire its hardware"),
    Hand.CLOUD: ("terminated (cloud)", "the cloud itself ended it"),
}


def machine_of(world: World) -> str:
    machine = world.row().provider_id
    assert machine is not None
    return machine


@pytest.mark.parametrize("hand", STOPPED)
def test_who_stopped_it_is_said(world: World, hand: Hand) -> None:
    word, told = STOPPED[hand]
    world.create()
    world.advance(10)
    world.cloud.outside("stop", machine_of(world), hand)
    world.advance(40)
    assert (world.word(), world.row().desired) == (word, Desired.STOPPED)
    said = run(world, "why", "web").stdout
    assert told in said
    assert "im extend web" in said or "im start web" in said
    assert answer(world, "why", "web")["because"].startswith(told)


@pytest.mark.parametrize("hand", ENDED)
def test_who_ended_it_is_said(world: World, hand: Hand) -> None:
    word, told = ENDED[hand]
    world.create()
    world.advance(10)
    world.cloud.outside("terminate", machine_of(world), hand)
    world.advance(40)
    said = run(world, "why", "web").stdout
    assert told in said
    assert "im create --name web" in said
    assert word in run(world, "list", "--all").stdout


@pytest.mark.parametrize("once", [False, True])
def test_what_the_spot_market_took_back_is_said(world: World, once: bool) -> None:
    world.create(spot=Spot(once=once))
    world.advance(10)
    world.cloud.spot.take_back(machine_of(world))
    world.advance(40)
    said = run(world, "why", "web").stdout
    assert "the cloud took this spot machine back" in said
    assert ("for good" in said) is once


def test_a_stop_of_ours_is_nobody_elses(world: World) -> None:
    world.create()
    world.advance(10)
    world.stop("web")
    world.advance(20)
    assert world.word() == "stopped"
    assert "ada" in run(world, "why", "web").stdout


def test_every_hand_has_been_played() -> None:
    assert {*STOPPED, Hand.SPOT} == set(SAYS) == set(Hand) - {Hand.UNKNOWN}
