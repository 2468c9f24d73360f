"""Half a minute of the soak of seven clouds in every run of the tests; `make chaos` has the long ones."""

from __future__ import annotations

import os
import random
from pathlib import Path

from tests.chaos.soak.elsewhere import ELSEWHERE
from tests.chaos.soak.run import ASKED, Plan, soak


def test_given_seven_clouds_of_which_one_hangs_and_one_throttles_nothing_is_lost_doubled_orphaned_late_or_touched(
    tmp_path: Path,
) -> None:
    """What is wrong at one cloud is no excuse at another: there a deadline may be late by nothing but a tick and a lease."""
    seed = int(os.environ.get("IM_SOAK_SEED") or random.SystemRandom().randrange(10_000))
    given = Plan(
        seed,
        seconds=20,
        requests_per_second=3,
        clients=3,
        shortest=4,
        longest=12,
        scale=0.4,
        farthest=14,
        launch_lease=10,
        waits_for_launches=False,
        every=(1.2, 2.4),
        only=tuple(ELSEWHERE),
        mixed=True,
        takes=1,
    )
    said: list[str] = []
    told = soak(given, said.append, tmp_path / "report")
    again = f"IM_SOAK_SEED={seed} repeats it\n" + "\n".join(said)
    assert sum(told["machines"].get(f"at {cloud}", 0) > 0 for cloud in ASKED) >= 3, again
    assert {"cloud hangs", "cloud throttles"} <= set(told["faults"]), again
    assert told["figures"] == dict.fromkeys(told["figures"], 0), again
