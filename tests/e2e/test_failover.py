"""Two real Postgres servers, one following the other, the addresses of both in IM_DATABASE_URL: the first is killed under load."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.soak.faults import TAKES_OVER_WITHIN
from tests.chaos.soak.short import short_soak


@pytest.mark.long
def test_given_a_primary_that_is_killed_its_standby_goes_on_and_nothing_is_lost_doubled_orphaned_late_or_touched(
    tmp_path: Path,
) -> None:
    """Late by the pause is not late; what is asked for meanwhile is stored, and done after it. `make chaos` has it for longer."""
    told, again = short_soak(
        tmp_path / "report",
        seconds=TAKES_OVER_WITHIN + 20,
        requests_per_second=2,
        longest=60,
        scale=0.1,
        farthest=60,
        only=("worker killed", "broker killed", "beat killed", "answer slow"),
        every=(5.0, 10.0),
        failover=10,
    )
    assert told["faults"]["failed over"] == 1, again
    assert told["requests"]["all"] > 20, again
    assert told["machines"]["ours"] >= 5, again
