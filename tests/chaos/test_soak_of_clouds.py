"""Half a minute of the soak of seven clouds in every run of the tests; `make chaos` has the long ones."""

from __future__ import annotations

from pathlib import Path

from tests.chaos.soak.elsewhere import ELSEWHERE
from tests.chaos.soak.run import ASKED
from tests.chaos.soak.short import short_soak


def test_given_seven_clouds_of_which_one_hangs_and_one_throttles_nothing_is_lost_doubled_orphaned_late_or_touched(
    tmp_path: Path,
) -> None:
    """What is wrong at one cloud is no excuse at another: there a deadline may be late by nothing but a tick and a lease."""
    told, again = short_soak(
        tmp_path / "report",
        seconds=20,
        requests_per_second=3,
        longest=12,
        scale=0.4,
        farthest=14,
        every=(1.2, 2.4),
        only=tuple(ELSEWHERE),
        mixed=True,
        takes=1,
    )
    assert sum(told["machines"].get(f"at {cloud}", 0) > 0 for cloud in ASKED) >= 3, again
    assert {"cloud hangs", "cloud throttles"} <= set(told["faults"]), again
