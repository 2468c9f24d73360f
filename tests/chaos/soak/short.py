"""A soak short enough for a test: short deadlines, a seed that is told, the same judge."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

from tests.chaos.soak.run import Plan, soak


def short_soak(report: Path, **own: Any) -> tuple[dict[str, Any], str]:
    """What the judge found, and how it is repeated; `own`: what else a Plan may say. Every figure of the judge has to be 0."""
    seed = int(os.environ.get("IM_SOAK_SEED") or random.SystemRandom().randrange(10_000))
    given = Plan(seed, clients=3, shortest=4, launch_lease=10, waits_for_launches=False, **own)
    said: list[str] = []
    told = soak(given, said.append, report)
    again = f"IM_SOAK_SEED={seed} repeats it\n" + "\n".join(said)
    assert told["figures"] == dict.fromkeys(told["figures"], 0), again
    return told, again
