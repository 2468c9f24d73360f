"""A minute of the soak in every run of the tests: short deadlines, short faults, the same judge. `make chaos` has the long ones."""

from __future__ import annotations

import os
import random
from pathlib import Path

from tests.chaos.soak.run import Plan, soak


def test_given_a_fleet_that_is_hurt_every_second_nothing_is_lost_doubled_orphaned_late_or_touched(
    tmp_path: Path,
) -> None:
    seed = int(os.environ.get("IM_SOAK_SEED") or random.SystemRandom().randrange(10_000))
    given = Plan(
        seed,
        seconds=20,
        requests_per_second=4,
        clients=3,
        shortest=4,
        longest=12,
        scale=0.1,
        farthest=14,
        launch_lease=10,
        waits_for_launches=False,
        every=(1.0, 2.5),
    )
    said: list[str] = []
    told = soak(given, said.append, tmp_path / "report")
    again = f"IM_SOAK_SEED={seed} repeats it\n" + "\n".join(said)
    assert told["requests"]["all"] > 20, again
    assert told["machines"]["ours"] >= 5, again
    assert sum(told["faults"].values()) >= 8, again
    assert told["figures"] == dict.fromkeys(told["figures"], 0), again
