"""A fleet of an earlier version is upgraded under load: by half, back, forward again; both versions are typed, and have pages."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.chaos.soak.short import short_soak
from tests.documented import ROOT


@pytest.mark.long
@pytest.mark.parametrize("version", [".venv-before", ".venv-before-page"], ids=["0.1.0", "with the page"])
def test_given_a_fleet_that_is_upgraded_under_load_nothing_is_lost_doubled_orphaned_late_or_touched(
    tmp_path: Path, version: str
) -> None:
    """The same judge as of every soak; `make chaos` does it for longer, and with every fault."""
    made = subprocess.run(["make", "before"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout + made.stderr
    told, again = short_soak(
        tmp_path / "report",
        seconds=60,
        requests_per_second=3,
        longest=12,
        scale=0.1,
        farthest=14,
        every=(2.0, 4.0),
        before=str(ROOT / version / "bin" / "python"),
    )
    assert told["requests"]["all"] > 20, again
    assert told["machines"]["ours"] >= 5, again
    assert {"upgraded by half", "gone back", "upgraded"} <= set(told["faults"]), again
    pages = ["this version"] + (["the version before"] if version.endswith("page") else [])
    assert all(told["requests"].get(f"acknowledged through a page of {one}", 0) > 0 for one in pages), again
    # replaced three times and killed now and then, and not one that could not start at all
    assert all(told["restarts"][name] <= 12 for name in ("worker-1", "worker-2", "beat-1", "page-1")), again
