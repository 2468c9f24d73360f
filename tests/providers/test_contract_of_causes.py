"""Whose hand stopped or ended a machine: told by every cloud that knows it, and by none as anybody else's."""

from __future__ import annotations

import pytest

from im.domain.cause import OTHERS, UNKNOWN_CAUSE, Cause, Hand
from im.domain.spec.spot import Spot
from im.domain.state import Observed
from tests.machines import machines
from tests.providers.clouds import STOPPING, FakeRoom, Room
from tests.providers.standin_room import StandInRoom


def cause(room: Room, machine_id: str) -> Cause:
    return room.provider.describe(room.scope, machines([machine_id]))[machine_id].cause


@pytest.mark.parametrize("hand", [Hand.OUTSIDE, Hand.GUEST, Hand.RETIRED])
@pytest.mark.sampled(every=4)
@pytest.mark.parametrize("room", STOPPING, indirect=True)
def test_who_stopped_a_machine_is_told(room: Room, hand: Hand) -> None:
    one, other = room.running(2)
    room.stopped_by(hand, one)
    assert room.states([one]) == {one: Observed.STOPPED}
    told = cause(room, one)
    assert told.hand is (hand if room.tells_causes else Hand.UNKNOWN)
    assert bool(told.says) is room.tells_causes
    assert cause(room, other) == UNKNOWN_CAUSE


@pytest.mark.sampled(every=4)
@pytest.mark.parametrize("room", STOPPING, indirect=True)
def test_what_we_asked_for_is_nobody_elses_doing(room: Room) -> None:
    stopped, ended = room.running(2)
    room.provider.stop(room.scope, machines([stopped]))
    room.settle()
    assert cause(room, stopped).hand not in OTHERS
    room.provider.terminate(room.scope, machines([ended]))
    shown = room.provider.describe(room.scope, machines([ended]))
    assert {seen.cause.hand for seen in shown.values()}.isdisjoint(OTHERS)


@pytest.mark.sampled(every=4)
@pytest.mark.parametrize("room", STOPPING, indirect=True)
def test_a_start_ends_the_cause(room: Room) -> None:
    (one,) = room.running()
    room.stopped_by(Hand.GUEST, one)
    room.provider.start(room.scope, machines([one]))
    room.settle()
    assert cause(room, one) == UNKNOWN_CAUSE
    room.stopped_by(Hand.OUTSIDE, one)
    assert cause(room, one).hand in (Hand.OUTSIDE, Hand.UNKNOWN)


@pytest.fixture(params=["fake", "standin"])
def lender(request: pytest.FixtureRequest) -> FakeRoom | StandInRoom:
    found: FakeRoom | StandInRoom = request.getfixturevalue(request.param)
    return found


@pytest.mark.parametrize("once", [False, True])
def test_what_was_taken_back_is_the_spot_markets_doing(lender: FakeRoom | StandInRoom, once: bool) -> None:
    lender.wish(instance_type="t3.nano", spot=Spot(once=once))
    (one,) = lender.running()
    lender.take_back(one)
    assert lender.states([one]) == {one: Observed.TERMINATED if once else Observed.STOPPED}
    assert cause(lender, one).hand is Hand.SPOT
    if not once:
        lender.give_back(one)
        assert cause(lender, one) == UNKNOWN_CAUSE
