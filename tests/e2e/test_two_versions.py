"""Two versions of im on one schema: half of the fleet and half of the typed commands are of the last released one."""

from __future__ import annotations

import os
import random
import subprocess
from pathlib import Path

import pytest

from tests.chaos.soak.run import Plan, soak
from tests.documented import ROOT

PYTHON = ROOT / ".venv-before" / "bin" / "python"


@pytest.mark.long
def test_given_half_a_fleet_of_the_released_version_nothing_is_lost_doubled_orphaned_late_or_touched(
    tmp_path: Path,
) -> None:
    """The same judge as of every soak; `make chaos` does it for longer, and with every fault."""
    made = subprocess.run(["make", "before"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout + made.stderr
    seed = int(os.environ.get("IM_SOAK_SEED") or random.SystemRandom().randrange(10_000))
    given = Plan(
        seed,
        seconds=30,
        requests_per_second=3,
        clients=3,
        shortest=4,
        longest=12,
        scale=0.1,
        farthest=14,
        launch_lease=10,
        waits_for_launches=False,
        every=(2.0, 4.0),
        before=str(PYTHON),
    )
    said: list[str] = []
    told = soak(given, said.append, tmp_path / "report")
    again = f"IM_SOAK_SEED={seed} repeats it\n" + "\n".join(said)
    assert told["requests"]["all"] > 20, again
    assert told["machines"]["ours"] >= 5, again
    assert told["figures"] == dict.fromkeys(told["figures"], 0), again
    # killed now and then, and not one that could not start at all
    assert all(told["restarts"][name] <= 8 for name in ("worker-1", "worker-2", "beat-1")), again
