"""What becomes of a machine should all of im be gone: one true sentence for every row, guard and cloud."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from im.domain.explain.if_gone import Means, if_gone, planned
from im.domain.guard import Guard, GuardKind, ends, farthest
from im.domain.state import Observed, OnExpiry
from tests.unit.rows import NOW, a_row

CAN = Means(any=True)
CANNOT = Means(any=False, why_none="has nothing that ends a server at a moment")
ONLY_STOPS = Means(any=True, ahead=timedelta(days=14), terminates=False)
RUNS: dict[str, Any] = {"observed": Observed.RUNNING, "provider_id": "m", "expires_at": NOW + timedelta(hours=1)}
AT = NOW + timedelta(hours=1, minutes=5)
GUARD = Guard("im-0000000001", GuardKind.NATIVE, timedelta(minutes=5), AT, None)
FAR = {**RUNS, "expires_at": NOW + timedelta(days=90)}


@pytest.mark.parametrize(
    ("row", "guard", "means", "told"),
    [
        (RUNS, GUARD, CAN, f"the cloud itself stops it at {AT:%Y-%m-%d %H:%M:%S} UTC"),
        (RUNS, None, CAN, "nobody stops it, and it goes on costing: it was made without a guard"),
        (RUNS, None, CANNOT, "goes on costing: fake has nothing that ends a server at a moment"),
        (RUNS, GUARD, CANNOT, "goes on costing: fake has nothing that ends a server at a moment"),
        (
            RUNS,
            replace(GUARD, told_at=None, error="no queue"),
            CAN,
            "none set at the cloud; the cloud refused the last",
        ),
        (RUNS, replace(GUARD, error="no"), CAN, "UTC; the cloud refused the last change: no"),
        (RUNS, replace(GUARD, told_at=NOW), CAN, "nobody stops it, and it goes on costing: none set at the cloud"),
        (
            FAR,
            replace(GUARD, ahead=timedelta(days=14)),
            ONLY_STOPS,
            "before its deadline: it takes no moment more than 14",
        ),
        (RUNS | {"on_expiry": OnExpiry.TERMINATE}, GUARD, CAN, "the cloud itself terminates it at"),
        (
            RUNS | {"on_expiry": OnExpiry.TERMINATE},
            GUARD,
            ONLY_STOPS,
            "only stopped then, not deleted, and its disks go",
        ),
        (RUNS | {"on_expiry": OnExpiry.SHELVE}, GUARD, CAN, "the cloud itself stops it at"),
    ],
)
def test_who_stops_it_then(row: dict[str, Any], guard: Guard | None, means: Means, told: str) -> None:
    assert told in if_gone(a_row(**row), guard, means, NOW)


@pytest.mark.parametrize("at_rest", [Observed.STOPPED, Observed.TERMINATED, Observed.MISSING, Observed.NONE])
def test_of_what_does_not_run_nothing_is_said(at_rest: Observed) -> None:
    assert if_gone(a_row(**RUNS | {"observed": at_rest}), GUARD, CAN, NOW) == ""


def test_before_there_is_a_machine_the_same_is_said_of_it() -> None:
    def said(kind: GuardKind, what: OnExpiry, means: Means) -> str:
        return planned("azure", kind, timedelta(minutes=5), what, means)

    assert said(GuardKind.NONE, OnExpiry.STOP, CAN) == "none: should all of im be gone, nobody stops it"
    assert "(azure has nothing" in said(GuardKind.NONE, OnExpiry.STOP, CANNOT)
    assert said(GuardKind.NATIVE, OnExpiry.STOP, CAN).startswith("the cloud itself ends it 5m after its deadline")
    told = said(GuardKind.NATIVE, OnExpiry.TERMINATE, ONLY_STOPS)
    assert "at most 14 days from now" in told
    assert "only stopped then, not deleted" in told


def test_the_word_of_before_means_the_same() -> None:
    assert GuardKind("scheduler") is GuardKind("native") is GuardKind.NATIVE
    with pytest.raises(ValueError, match="cron"):
        GuardKind("cron")


def test_a_cloud_alone_makes_no_snapshot_and_may_not_terminate() -> None:
    assert [ends(what, terminates=True) for what in OnExpiry] == [OnExpiry.STOP, OnExpiry.TERMINATE, OnExpiry.STOP]
    assert {ends(what, terminates=False) for what in OnExpiry} == {OnExpiry.STOP}


@given(
    st.integers(0, 400_000_000).map(lambda seconds: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)),
    st.integers(2, 40),
    st.timedeltas(timedelta(0), timedelta(days=1)),
)
def test_the_farthest_moment_is_never_too_far_and_moves_once_a_day(now: datetime, days: int, later: timedelta) -> None:
    ahead = timedelta(days=days)
    at, then = farthest(now, ahead), farthest(now + later, ahead)
    assert at is not None
    assert then is not None
    assert ahead - timedelta(days=2) <= at - now <= ahead - timedelta(days=1)
    assert then - at in (timedelta(0), timedelta(days=1))
    assert (then == at) is ((now + later).date() == now.date())
    assert farthest(now, None) is None
