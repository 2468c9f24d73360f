"""What every cloud with a guard does: it ends a machine at the moment that was asked last, whatever has become of us."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from im.domain.state import Observed, OnExpiry
from im.providers.features import Guarded
from im.providers.machine import Machine

pytestmark = pytest.mark.parametrize(
    "room", ["fake", "gcp", "azure", "kubernetes"], indirect=True
)  # those whose clock tests move


def guard(room: Any, machine: str, at: datetime | None, what: OnExpiry = OnExpiry.STOP) -> None:
    assert room.provider.deadline_guard.set(room.scope, {Machine(machine): Guarded(at, what)}) == {}


def state(room: Any, machine: str) -> Observed | None:
    return room.states([machine]).get(machine)


def test_it_stops_a_machine_at_its_moment_and_not_before(room: Any) -> None:
    one, other = room.running(2)
    at = room.clock.now + timedelta(hours=1)
    guard(room, one, at)
    room.clock.now = at - timedelta(seconds=2)
    assert state(room, one) is Observed.RUNNING
    room.clock.now = at + timedelta(seconds=1)
    assert state(room, one) in (Observed.STOPPING, Observed.STOPPED)
    room.settle()
    assert (state(room, one), state(room, other)) == (Observed.STOPPED, Observed.RUNNING)


def test_it_moves_forth_and_back_and_forth_again(room: Any) -> None:
    (one,) = room.running()
    first, second = (room.clock.now + timedelta(hours=hours) for hours in (1, 2))
    for at in (first, second, first, second, second):
        guard(room, one, at)
    room.clock.now = first + timedelta(minutes=1)
    assert state(room, one) is Observed.RUNNING
    room.clock.now = second + timedelta(minutes=1)
    assert state(room, one) is Observed.STOPPED


def test_what_is_taken_away_never_acts_and_may_be_set_again(room: Any) -> None:
    (one,) = room.running()
    at = room.clock.now + timedelta(hours=1)
    guard(room, one, at)
    for _ in range(2):
        guard(room, one, None)
    room.clock.now = at + timedelta(minutes=1)
    assert state(room, one) is Observed.RUNNING
    again = at + timedelta(hours=1)
    guard(room, one, again)
    room.clock.now = again + timedelta(minutes=1)
    assert state(room, one) is Observed.STOPPED


def test_what_its_deadline_is_to_terminate_is_terminated_where_the_cloud_alone_does_that(room: Any) -> None:
    (one,) = room.running()
    at = room.clock.now + timedelta(hours=1)
    guard(room, one, at, OnExpiry.TERMINATE)
    room.clock.now = at + timedelta(seconds=1)
    room.settle()
    ends = Observed.TERMINATED if room.provider.capabilities.guard_terminates else Observed.STOPPED
    assert state(room, one) in ((ends, None) if ends is Observed.TERMINATED else (ends,))


def test_one_that_is_not_there_sinks_nobody(room: Any) -> None:
    (one,) = room.running()
    at = room.clock.now + timedelta(hours=1)
    absent = "4999999999999999999"
    wishes = {Machine(absent): Guarded(at, OnExpiry.STOP), Machine(one): Guarded(at, OnExpiry.STOP)}
    assert set(room.provider.deadline_guard.set(room.scope, wishes)) <= {absent}
    room.clock.now = at + timedelta(minutes=1)
    assert state(room, one) is Observed.STOPPED
