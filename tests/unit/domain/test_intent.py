"""What requests mean, before any database."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from im.domain import intent
from im.domain.errors import Refused
from im.domain.input.duration import MAX_TTL
from im.domain.instance import Instance
from im.domain.intent import Deadline
from im.domain.state import GONE, Desired, Observed, Why
from tests.unit.rows import NOW, a_row, rows

HOUR = timedelta(hours=1)
spans = st.timedeltas(timedelta(seconds=1), timedelta(days=100))


@given(rows(), spans)
def test_extending_never_shortens_and_always_reaches_into_the_future(row: Instance, by: timedelta) -> None:
    try:
        wish = intent.extend(row, NOW, Deadline(by=by))
    except Refused:
        return
    assert wish.expires_at == max(NOW, row.expires_at) + by
    assert wish.expires_at > row.expires_at
    assert wish.desired is Desired.RUNNING


@given(rows(), spans)
def test_nothing_leads_out_of_a_termination(row: Instance, by: timedelta) -> None:
    if row.desired is not Desired.TERMINATED and row.observed not in GONE and row.closed_at is None:
        return
    for ask in (
        lambda: intent.extend(row, NOW, Deadline(by=by)),
        lambda: intent.start(row, NOW, Deadline(by=by)),
        lambda: intent.stop(row, NOW),
    ):
        with pytest.raises(Refused, match=r"gone|terminated"):
            ask()


def test_extending_past_deadline_counts_from_now() -> None:
    row = a_row(observed=Observed.STOPPED, expires_at=NOW - HOUR, generation=2, settled_generation=2)
    assert intent.extend(row, NOW, Deadline(by=HOUR)).expires_at == NOW + HOUR


def test_extending_without_start_moves_only_the_deadline() -> None:
    row = a_row(desired=Desired.STOPPED, why=Why.TTL, observed=Observed.STOPPED)
    wish = intent.extend(row, NOW, Deadline(by=HOUR), start=False)
    assert (wish.desired, wish.why) == (Desired.STOPPED, Why.TTL)
    assert not wish.relaunch


def test_starting_after_the_deadline_needs_a_new_one() -> None:
    row = a_row(observed=Observed.STOPPED, expires_at=NOW - HOUR)
    with pytest.raises(Refused, match="deadline of web passed 1h ago") as caught:
        intent.start(row, NOW)
    assert "im start web -d 1h" in caught.value.hint
    assert intent.start(row, NOW, Deadline(by=HOUR)).expires_at == NOW + HOUR


def test_starting_before_the_deadline_keeps_it() -> None:
    row = a_row(desired=Desired.STOPPED, observed=Observed.STOPPED)
    assert intent.start(row, NOW).expires_at == row.expires_at


def test_starting_where_no_machine_is_or_comes_opens_a_launch() -> None:
    assert intent.start(a_row(failed_generation=1, error_code="no_capacity"), NOW).relaunch
    assert not intent.start(a_row(launch_token="under way"), NOW).relaunch
    assert not intent.start(a_row(observed=Observed.STOPPED), NOW).relaunch


def test_terminating_twice_is_fine_terminating_the_gone_is_not() -> None:
    assert intent.terminate(a_row(desired=Desired.TERMINATED), NOW).desired is Desired.TERMINATED
    with pytest.raises(Refused, match="already gone"):
        intent.terminate(a_row(observed=Observed.TERMINATED), NOW)


@pytest.mark.parametrize("deadline", [Deadline(to=NOW), Deadline(to=NOW - HOUR), Deadline(to=NOW + MAX_TTL + HOUR)])
def test_a_deadline_must_be_ahead_and_within_a_year(deadline: Deadline) -> None:
    with pytest.raises(Refused, match="deadline"):
        deadline.after(NOW)


def test_extending_cannot_pile_up_beyond_a_year() -> None:
    row = a_row(expires_at=NOW + MAX_TTL)
    with pytest.raises(Refused, match="more than a year"):
        intent.extend(row, NOW, Deadline(by=HOUR))
