"""A minute of the soak in every run of the tests: short deadlines, short faults, the same judge. `make chaos` has the long ones."""

from __future__ import annotations

from pathlib import Path

from tests.chaos.soak.short import short_soak


def test_given_a_fleet_that_is_hurt_every_second_nothing_is_lost_doubled_orphaned_late_or_touched(
    tmp_path: Path,
) -> None:
    told, again = short_soak(
        tmp_path / "report", seconds=20, requests_per_second=4, longest=12, scale=0.1, farthest=14, every=(1.0, 2.5)
    )
    assert told["requests"]["all"] > 20, again
    assert told["machines"]["ours"] >= 5, again
    assert sum(told["faults"].values()) >= 8, again
