"""Running time from what the cloud said: the cloud's dates bound it, and what nobody dated is counted and called doubtful."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from im.domain.money.usage import Kind, Seen, UsageInterval, follow_disk, follow_run
from im.domain.state import Observed

T = datetime(2030, 1, 1, 12, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return T + timedelta(minutes=minutes)


def seen(observed: Observed, when: float, **facts: object) -> Seen:
    values: dict[str, object] = {"launched_at": None, "last_look": None, **facts}
    return Seen("im-1", T, observed, at(when), **values)  # type: ignore[arg-type]


def run(began: float, ended: float | None = None, **facts: object) -> UsageInterval:
    values: dict[str, object] = {"began_exactly": True, "not_before": T, **facts}
    number = int(values.pop("number", 1))  # type: ignore[call-overload]
    over = at(ended) if ended is not None else None
    return UsageInterval("im-1", Kind.RUN, number, at(began), ended_at=over, **values)  # type: ignore[arg-type]


R, P, S, H, X, M = (
    Observed.RUNNING,
    Observed.PENDING,
    Observed.STOPPING,
    Observed.STOPPED,
    Observed.TERMINATED,
    Observed.MISSING,
)


def test_it_runs_from_the_clouds_launch_time_not_from_our_first_look() -> None:
    assert follow_run(None, seen(R, 3, launched_at=at(1))) == [run(1)]


def test_pending_is_not_running_yet() -> None:
    assert follow_run(None, seen(P, 1, launched_at=at(1))) == []


def test_without_a_launch_time_it_runs_from_the_first_look_and_is_put_right_by_a_later_one() -> None:
    (first,) = follow_run(None, seen(R, 3))
    assert (first.began_at, first.began_exactly) == (at(3), False)
    assert follow_run(first, seen(R, 4, launched_at=at(1))) == [run(1)]


def test_the_clouds_date_ends_it_however_late_we_look() -> None:
    assert follow_run(run(1), seen(H, 600, last_look=at(2), changed_at=at(30))) == [run(1, 30)]


def test_without_a_date_it_ends_at_the_first_look_and_the_gap_is_doubt() -> None:
    (ended,) = follow_run(run(1), seen(H, 60, last_look=at(20)))
    assert (ended.ended_at, ended.doubt) == (at(60), timedelta(minutes=40))


def test_a_date_that_comes_later_settles_the_doubt() -> None:
    (ended,) = follow_run(run(1), seen(S, 60, last_look=at(59)))
    assert ended.doubt == timedelta(minutes=1)
    (dated,) = follow_run(ended, seen(H, 61, changed_at=at(59.5)))
    assert (dated.ended_at, dated.doubt) == (at(59.5), timedelta(0))


@pytest.mark.parametrize("wrong", [0, 58, 61])
def test_a_date_that_cannot_be_its_end_is_not_believed(wrong: float) -> None:
    (ended,) = follow_run(run(1), seen(S, 60, last_look=at(59)))
    assert follow_run(ended, seen(H, 90, changed_at=at(wrong))) == []


def test_stopped_and_started_in_a_gap_are_two_runs_and_what_lies_between_is_counted_as_doubt() -> None:
    old, new = follow_run(run(1), seen(R, 90, launched_at=at(80), last_look=at(20)))
    assert (old.ended_at, old.doubt) == (at(80), timedelta(minutes=60))
    assert (new.number, new.began_at, new.ended_at) == (2, at(80), None)


def test_a_run_that_began_and_ended_in_a_gap_is_found_by_the_clouds_two_dates() -> None:
    found = follow_run(run(1, 10), seen(H, 90, launched_at=at(40), changed_at=at(50)))
    assert found == [run(40, 50, number=2, not_before=at(10))]


def test_a_launch_that_failed_before_it_ran_is_not_counted() -> None:
    assert follow_run(None, seen(X, 2, launched_at=at(1))) == []


def test_a_start_that_was_called_off_while_it_was_pending_never_ran_whatever_is_dated_later() -> None:
    (off,) = follow_run(None, seen(Observed.TERMINATING, 2, launched_at=at(1), was_pending=True))
    assert off.never_ran
    assert follow_run(off, seen(X, 3, launched_at=at(1), changed_at=at(2))) == []


def test_a_look_that_did_not_show_it_any_more_vouches_for_nothing() -> None:
    (ended,) = follow_run(run(1, sure_until=at(10)), seen(M, 30, last_look=at(20)))
    assert (ended.ended_at, ended.doubt) == (at(30), timedelta(minutes=20))
    (dated,) = follow_run(run(1, sure_until=at(10)), seen(X, 30, last_look=at(20), changed_at=at(12)))
    assert (dated.ended_at, dated.doubt) == (at(12), timedelta(0))


def test_a_vanished_machine_counts_until_it_was_missed() -> None:
    (ended,) = follow_run(run(1), seen(M, 30, last_look=at(10)))
    assert (ended.ended_at, ended.doubt) == (at(30), timedelta(minutes=20))


def test_a_cloud_that_shows_the_first_launch_time_for_ever_still_starts_a_new_run() -> None:
    (again,) = follow_run(run(1, 10), seen(R, 40, launched_at=at(1)))
    assert (again.number, again.began_at, again.began_exactly) == (2, at(40), False)


def test_a_run_that_ended_as_it_began_does_not_lend_its_launch_time_to_the_next() -> None:
    (short,) = follow_run(None, seen(S, 1, launched_at=at(0), changed_at=at(0)))
    assert (short.began_at, short.ended_at) == (at(0), at(0))
    look = seen(R, 2, launched_at=at(0))
    (again,) = follow_run(short, look)
    assert (again.number, again.began_at, again.began_exactly) == (2, at(2), False)
    assert follow_run(again, look) == []


def test_the_disk_lives_from_the_launch_to_the_termination() -> None:
    (disk,) = follow_disk(None, seen(P, 1, launched_at=at(1), disk_gb=8, disk_type="gp3"))
    assert (disk.began_at, disk.disk_gb, disk.disk_type) == (at(1), 8, "gp3")
    assert follow_disk(disk, seen(H, 10)) == []
    (ended,) = follow_disk(disk, seen(X, 30, changed_at=at(29)))
    assert ended.ended_at == at(29)


_states = st.sampled_from([P, R, S, H])
_dates = st.none() | st.floats(0, 100).map(at)


@given(st.lists(st.tuples(st.floats(0.1, 20), _states, _dates, _dates), max_size=12))
@example([(1.0, S, at(0), at(0)), (1.0, R, None, None)])
@example([(1.0, P, at(0), None), (1.0, S, None, at(0)), (1.0, R, None, None)])
def test_whatever_is_seen_runs_never_overlap_and_following_twice_changes_nothing(
    looks: list[tuple[float, Observed, datetime | None, datetime | None]],
) -> None:
    runs: dict[int, UsageInterval] = {}
    now, launched = 0.0, None
    for later, state, started, changed in looks:
        now += later
        launched = started if started and started <= at(now) and (launched is None or started > launched) else launched
        changed = changed if state is not R and changed and changed <= at(now) else None
        look = seen(state, now, launched_at=launched, changed_at=changed, last_look=at(now - later))
        for interval in follow_run(runs[max(runs)] if runs else None, look):
            runs[interval.number] = interval
        assert follow_run(runs[max(runs)] if runs else None, look) == []
        assert (bool(runs) and runs[max(runs)].ended_at is None) == (state is R)
    ordered = [runs[n] for n in sorted(runs)]
    assert all(r.ended_at is None or r.began_at <= r.ended_at for r in ordered)
    assert all(a.ended_at is not None and a.ended_at <= b.began_at for a, b in pairwise(ordered))
