"""The rules, as tables and as properties."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from im.domain.config.policy import OnOutsideStart, OnOutsideStop, Policies
from im.domain.explain.phase import phase
from im.domain.instance import Instance
from im.domain.lifecycle import (
    DECISIONS,
    GOAL,
    UNCERTAIN_FOR,
    Ending,
    Step,
    Verdict,
    backoff,
    ending,
    may_be_judged_absent,
    meets,
    next_step,
    observe,
    pairs,
)
from im.domain.state import GONE, Desired, Observed, Why
from tests.unit.rows import NOW, a_row, rows

every_pair = pytest.mark.parametrize(
    "pair", [(d, o) for d in Desired for o in Observed], ids=lambda p: f"{p[0]}-{p[1]}"
)

_OWN_WAY = {
    Observed.PENDING: Observed.RUNNING,
    Observed.STOPPING: Observed.STOPPED,
    Observed.TERMINATING: Observed.TERMINATED,
}
_ANSWER = {Step.START: Observed.PENDING, Step.STOP: Observed.STOPPING, Step.TERMINATE: Observed.TERMINATING}


@every_pair
def test_every_state_has_a_decision_with_a_reason(pair: tuple[Desired, Observed]) -> None:
    assert DECISIONS[pair].because


def test_each_pair_is_claimed_for_one_step() -> None:
    claimed = [pair for step in Step for pair in pairs(step)]
    assert sorted(claimed) == sorted((d, o) for d in Desired for o in Observed)


@every_pair
def test_following_the_decisions_reaches_what_is_desired_or_an_end(pair: tuple[Desired, Observed]) -> None:
    desired, state = pair
    for _ in range(6):
        if state is Observed.NONE or state in GONE or meets(desired, state):
            break
        step = next_step(desired, state).step
        state = _ANSWER.get(step) or _OWN_WAY.get(state, state)
    assert state is Observed.NONE or state in GONE or meets(desired, state)


@every_pair
def test_only_a_start_of_ours_makes_a_machine_run(pair: tuple[Desired, Observed]) -> None:
    desired, _ = pair
    step = next_step(*pair).step
    assert step is not Step.START or desired is Desired.RUNNING
    assert step is not Step.STOP or desired is Desired.STOPPED
    assert step is not Step.TERMINATE or desired is Desired.TERMINATED


def test_a_machine_in_mid_transition_meets_nothing() -> None:
    moving = (Observed.PENDING, Observed.STOPPING, Observed.TERMINATING)
    assert not any(meets(d, o) for d in Desired for o in moving)


def test_no_machine_satisfies_stopped_only_once_none_can_come() -> None:
    assert not meets(Desired.STOPPED, Observed.NONE, launching=True)
    assert meets(Desired.STOPPED, Observed.NONE, launching=False)
    assert not meets(Desired.RUNNING, Observed.NONE, launching=False)


@given(rows(), st.sampled_from(Observed), st.integers(-100, 100))
def test_observing_never_weakens_a_termination(row: Instance, state: Observed, began: int) -> None:
    reading = observe(row, state, NOW + timedelta(seconds=began), NOW)
    if row.desired is Desired.TERMINATED:
        assert reading.desired is Desired.TERMINATED


@given(rows(), st.sampled_from([o for o in Observed if o is not Observed.NONE]), st.integers(-100, 100))
def test_observing_an_unsettled_row_never_changes_what_is_desired_while_the_machine_exists(
    row: Instance, state: Observed, began: int
) -> None:
    if row.settled or state in GONE:
        return
    reading = observe(row, state, NOW + timedelta(seconds=began), NOW)
    assert reading.desired is row.desired
    assert (reading.verdict is Verdict.SETTLED) == meets(row.desired, state)


@given(rows(), st.sampled_from(Observed), st.integers(-100, 100))
def test_drift_is_never_judged_at_first_sight(row: Instance, state: Observed, began: int) -> None:
    if state in GONE:
        return
    reading = observe(replace(row, drift_since=None), state, NOW + timedelta(seconds=began), NOW)
    assert reading.verdict is not Verdict.ADOPTED


class TestDrift:
    SETTLED = a_row(desired=Desired.RUNNING, observed=Observed.RUNNING, generation=3, settled_generation=3)
    SECOND = replace(SETTLED, drift_since=NOW - timedelta(seconds=10))

    def test_the_second_listing_adopts(self) -> None:
        reading = observe(self.SECOND, Observed.STOPPED, NOW, NOW)
        assert (reading.verdict, reading.desired) == (Verdict.ADOPTED, Desired.STOPPED)

    def test_the_same_listing_twice_does_not(self) -> None:
        assert observe(self.SECOND, Observed.STOPPED, NOW - timedelta(seconds=10), NOW).verdict is Verdict.SUSPECT

    def test_a_step_of_ours_with_unknown_outcome_is_suspected_first(self) -> None:
        unsure = replace(self.SECOND, uncertain_steps={"stop": NOW - timedelta(minutes=1)})
        assert observe(unsure, Observed.STOPPED, NOW, NOW).verdict is Verdict.OURS

    def test_but_not_for_ever(self) -> None:
        old = replace(self.SECOND, uncertain_steps={"stop": NOW - UNCERTAIN_FOR})
        assert observe(old, Observed.STOPPED, NOW, NOW).verdict is Verdict.ADOPTED

    def test_and_not_when_it_leads_elsewhere(self) -> None:
        other = replace(self.SECOND, uncertain_steps={"start": NOW})
        assert observe(other, Observed.STOPPED, NOW, NOW).verdict is Verdict.ADOPTED

    def test_what_was_stopped_outside_is_started_again_if_that_is_the_policy_until_its_deadline(self) -> None:
        policy = Policies(outside_stop=OnOutsideStop.RESTART)
        reading = observe(self.SECOND, Observed.STOPPED, NOW, NOW, policy)
        assert (reading.verdict, reading.desired) == (Verdict.UNDONE, Desired.RUNNING)
        late = replace(self.SECOND, expires_at=NOW)
        assert observe(late, Observed.STOPPED, NOW, NOW, policy).verdict is Verdict.ADOPTED
        assert observe(self.SETTLED, Observed.STOPPED, NOW, NOW, policy).verdict is Verdict.SUSPECT

    def test_what_was_started_outside_is_stopped_again_if_that_is_the_policy(self) -> None:
        row, policy = replace(self.SECOND, desired=Desired.STOPPED), Policies(outside_start=OnOutsideStart.STOP)
        reading = observe(row, Observed.RUNNING, NOW, NOW, policy)
        assert (reading.verdict, reading.desired) == (Verdict.UNDONE, Desired.STOPPED)
        assert observe(row, Observed.RUNNING, NOW, NOW).verdict is Verdict.ADOPTED

    def test_no_policy_lets_a_machine_run_past_its_deadline(self) -> None:
        row = replace(self.SECOND, desired=Desired.STOPPED, expires_at=NOW)
        for stop, start in product(OnOutsideStop, OnOutsideStart):
            reading = observe(row, Observed.RUNNING, NOW, NOW, Policies(stop, start))
            assert (reading.verdict, reading.desired) == (Verdict.OVERDUE, Desired.STOPPED)

    def test_started_after_its_deadline_is_overdue(self) -> None:
        row = replace(self.SECOND, desired=Desired.STOPPED, expires_at=NOW)
        assert observe(row, Observed.RUNNING, NOW, NOW).verdict is Verdict.OVERDUE

    def test_a_terminated_machine_that_lives_is_driven_again(self) -> None:
        row = replace(self.SETTLED, desired=Desired.TERMINATED)
        assert observe(row, Observed.RUNNING, NOW, NOW).verdict is Verdict.OURS


class TestAbsence:
    BORN = NOW - timedelta(hours=1)
    ROW = a_row(provider_id="i-1", observed=Observed.RUNNING, observed_at=BORN, created_at=BORN, launched_at=BORN)

    def test_counts_against_a_grown_machine(self) -> None:
        assert may_be_judged_absent(self.ROW, NOW)

    def test_not_against_a_young_one(self) -> None:
        young = replace(self.ROW, launched_at=NOW - timedelta(seconds=30), created_at=NOW - timedelta(seconds=31))
        assert not may_be_judged_absent(young, NOW)

    def test_not_when_a_newer_fact_is_known(self) -> None:
        assert not may_be_judged_absent(replace(self.ROW, observed_at=NOW), NOW)

    def test_not_without_a_machine(self) -> None:
        assert not may_be_judged_absent(replace(self.ROW, provider_id=None), NOW)


@given(rows(), st.timedeltas(timedelta(days=-400), timedelta(days=400)))
def test_phase_is_total_and_says_something(row: Instance, ahead: timedelta) -> None:
    assert phase(row, NOW + ahead).word


def _settled(desired: Desired, observed: Observed, why: Why = Why.USER, **facts: object) -> Instance:
    return a_row(desired=desired, observed=observed, why=why, generation=2, settled_generation=2, **facts)


PAST, LEFT = NOW - timedelta(minutes=1), NOW + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("row", "word"),
    [
        (a_row(launch_token="t"), "launching"),
        (a_row(launch_token="t", observed=Observed.PENDING), "launching"),
        (a_row(launch_token="t", error_code="throttled"), "launching (throttled, retrying)"),
        (a_row(error_code="no_capacity", failed_generation=1), "failed: no capacity"),
        (_settled(Desired.RUNNING, Observed.RUNNING), "running"),
        (_settled(Desired.RUNNING, Observed.RUNNING, expires_at=PAST), "running, past deadline"),
        (_settled(Desired.STOPPED, Observed.STOPPED), "stopped"),
        (_settled(Desired.STOPPED, Observed.STOPPED, Why.TTL), "stopped (ttl)"),
        (_settled(Desired.STOPPED, Observed.STOPPED, Why.OUTSIDE), "stopped outside"),
        (_settled(Desired.RUNNING, Observed.STOPPED), "stopped outside"),
        (_settled(Desired.STOPPED, Observed.RUNNING, expires_at=PAST), "running outside, past deadline"),
        (_settled(Desired.TERMINATED, Observed.TERMINATED), "terminated"),
        (_settled(Desired.TERMINATED, Observed.TERMINATED, Why.OUTSIDE), "terminated outside"),
        (_settled(Desired.TERMINATED, Observed.MISSING), "vanished"),
        (a_row(desired=Desired.STOPPED, observed=Observed.RUNNING, generation=2), "stopping"),
        (
            a_row(
                desired=Desired.STOPPED, observed=Observed.RUNNING, generation=2, why=Why.TTL, expires_at=PAST
            ),
            "expired, stopping",
        ),
        (
            a_row(desired=Desired.STOPPED, observed=Observed.RUNNING, generation=2, error_code="forbidden"),
            "stopping (forbidden, retrying)",
        ),
        (a_row(observed=Observed.STOPPED, generation=2), "starting"),
        (a_row(observed=Observed.STOPPED, generation=2, failed_generation=2, error_code="no_capacity"),
         "stopped, failed: no capacity"),
        (a_row(observed=Observed.STOPPING, generation=2), "stopping, then starting"),
        (a_row(desired=Desired.TERMINATED, observed=Observed.STOPPED, generation=2), "terminating"),
        (a_row(desired=Desired.STOPPED, generation=2, settled_generation=2), "cancelled"),
    ],
)  # fmt: skip
def test_the_word_a_person_reads(row: Instance, word: str) -> None:
    assert phase(row, NOW).word == word


@pytest.mark.parametrize(
    ("changes", "end"),
    [
        ({"generation": 2}, Ending.OPEN),
        ({"generation": 2, "settled_generation": 2}, Ending.SETTLED),
        ({"generation": 2, "failed_generation": 2}, Ending.FAILED),
        ({"generation": 3}, Ending.SUPERSEDED),
        ({"generation": 3, "settled_generation": 3}, Ending.SUPERSEDED),
    ],
)
def test_how_a_request_ends(changes: dict[str, int], end: Ending) -> None:
    assert ending(a_row(**changes), 2) is end


@given(st.integers(0, 10_000), st.floats(0, 0.999))
def test_waiting_grows_and_stays_bounded(attempts: int, jitter: float) -> None:
    assert timedelta(seconds=2) <= backoff(attempts, None, jitter) <= timedelta(seconds=75)
    assert backoff(attempts, None, jitter) <= backoff(attempts + 1, None, jitter)


def test_the_cloud_may_ask_for_more_patience() -> None:
    assert backoff(1, timedelta(minutes=5)) == timedelta(minutes=5)


def test_every_changing_step_has_a_goal() -> None:
    assert set(GOAL) == {Step.START, Step.STOP, Step.TERMINATE}
