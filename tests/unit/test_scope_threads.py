"""Lanes: nobody waits for somebody else's cloud, nothing that comes meanwhile is lost, and one failure is not everybody's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Event

import pytest

from im.domain.scope import Scope
from im.scope_threads import Lane, Lanes, Sequential, Threaded, lane_of

SLOW, WELL = (lane_of("refresh", Scope("aws", account, "us-east-1")) for account in ("slow", "well"))
OTHER_REGION = lane_of("refresh", Scope("aws", "slow", "eu-west-1"))


@pytest.fixture
def gate() -> Iterator[Event]:
    """What a cloud's answer waits for."""
    answers = Event()
    yield answers
    answers.set()


def waits(gate: Event, told: str = "late") -> Callable[[], str]:
    def work() -> str:
        assert gate.wait(30)
        return told

    return work


@pytest.mark.parametrize("lanes", [Sequential(), Threaded()], ids=lambda lanes: type(lanes).__name__)
def test_every_work_is_done_and_the_first_failure_is_told_after_all_were_tried(lanes: Lanes) -> None:
    tried: list[str] = []

    def fails() -> str:
        tried.append("fails")
        raise ValueError("no")

    def works() -> str:
        tried.append("works")
        return "done"

    assert lanes.run({WELL: works}) == {WELL: "done"}
    with pytest.raises(ValueError, match="no"):
        lanes.run({SLOW: fails, WELL: works})
    assert sorted(tried) == ["fails", "works", "works"]
    assert lanes.finish(1)


def test_one_that_hangs_is_left_alone_and_the_others_have_their_answer(gate: Event) -> None:
    lanes = Threaded(patience=0.05)
    assert lanes.run({SLOW: waits(gate), WELL: lambda: "done"}) == {WELL: "done"}
    assert lanes.run({WELL: lambda: "done again"}) == {WELL: "done again"}
    assert not lanes.finish(0.05)
    gate.set()
    assert lanes.finish(10)


def test_what_comes_for_a_busy_lane_is_done_once_at_its_end(gate: Event) -> None:
    lanes, later = Threaded(patience=0.05), list[int]()
    assert lanes.run({SLOW: waits(gate)}) == {}
    for number in range(3):
        assert lanes.run({SLOW: lambda number=number: str(later.append(number))}) == {}
    assert later == []
    gate.set()
    assert lanes.finish(10)
    assert later == [2]


def test_an_account_known_as_slow_is_not_waited_for_anywhere_until_it_is_quick_again(gate: Event) -> None:
    lanes = Threaded(patience=0.05)
    lanes.run({SLOW: waits(gate)})
    patient = Threaded(patience=20)
    patient._slow, patient._busy = lanes._slow, lanes._busy
    # patience enough for the whole test run: it is not used
    assert patient.run({OTHER_REGION: waits(gate)}) == {}
    gate.set()
    assert lanes.finish(10)
    lanes.run({SLOW: lambda: "quick", OTHER_REGION: lambda: "quick"})
    assert lanes.finish(10)
    assert lanes._slow == set()


def test_a_lane_that_never_ends_is_entered_again_after_a_while(gate: Event) -> None:
    lanes = Threaded(patience=0.05, forgotten=0)
    lanes.run({SLOW: waits(gate)})
    fresh = Event()
    lanes.run({SLOW: lambda: str(fresh.set())})
    assert fresh.wait(10)


def test_a_lane_says_what_and_where() -> None:
    assert str(Lane("refresh", "aws/prod/us-east-1", "aws/prod")) == "refresh aws/prod/us-east-1"
