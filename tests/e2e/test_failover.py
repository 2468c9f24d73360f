"""Two real Postgres servers, one following the other, the addresses of both in IM_DATABASE_URL: the first is killed under load."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from tests.chaos.soak.faults import TAKES_OVER_WITHIN
from tests.chaos.soak.run import Plan, soak


@pytest.mark.long
def test_given_a_primary_that_is_killed_its_standby_goes_on_and_nothing_is_lost_doubled_orphaned_late_or_touched(
    tmp_path: Path,
) -> None:
    """Late by the pause is not late; what is asked for meanwhile is stored, and done after it. `make chaos` has it for longer."""
    seed = int(os.environ.get("IM_SOAK_SEED") or random.SystemRandom().randrange(10_000))
    given = Plan(
        seed,
        seconds=TAKES_OVER_WITHIN + 20,
        requests_per_second=2,
        clients=3,
        shortest=4,
        longest=60,
        scale=0.1,
        farthest=60,
        launch_lease=10,
        waits_for_launches=False,
        only=("worker killed", "broker killed", "beat killed", "answer slow"),
        every=(5.0, 10.0),
        failover=10,
    )
    said: list[str] = []
    told = soak(given, said.append, tmp_path / "report")
    again = f"IM_SOAK_SEED={seed} repeats it\n" + "\n".join(said)
    assert told["faults"]["failed over"] == 1, again
    assert told["requests"]["all"] > 20, again
    assert told["machines"]["ours"] >= 5, again
    assert told["figures"] == dict.fromkeys(told["figures"], 0), again
