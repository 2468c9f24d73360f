"""What comes with a tick besides its own work: jobs for the deployment as a whole, each at its own pace and once for the fleet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from im.db import ticks

if TYPE_CHECKING:
    from im.context import Context

WITH_EACH_TICK = 0.0


@dataclass(frozen=True, slots=True)
class Job:
    name: str
    """Of its slots of time, which whoever runs it claims."""
    every: float
    """Seconds between two runs, at the least."""
    run: Callable[[Context], None]


def run_due(ctx: Context, jobs: Sequence[Job]) -> None:
    """Run those whose time has come, in this order."""
    paced = [job for job in jobs if job.every]
    claimed = _claim(ctx, paced) if paced else set()
    for job in jobs:
        if not job.every or job.name in claimed:
            job.run(ctx)


def _claim(ctx: Context, jobs: Sequence[Job]) -> set[str]:
    with ctx.begin() as connection:
        return ticks.claim_each(connection, {job.name: job.every for job in jobs}, ctx.clock(connection))
