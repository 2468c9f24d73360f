"""Disks of unknown size: what a launch's own answer would have told of its machines is asked for again, however they were found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from im.db import launches, ticks
from im.db.money import usage
from im.logs import log
from im.providers.contract import Filter, merge_pages
from im.providers.errors import ProviderError

if TYPE_CHECKING:
    from im.services.scope_run import ScopeRun

EVERY = 60.0
"""Seconds between two times that a scope's unknown disks are asked for."""
AT_ONCE = 20
"""Launches asked for each time."""


def learn_sizes(run: ScopeRun) -> int:
    """Write down the sizes that can be had by now; returns how many machines got theirs. What fails is asked again later."""
    with run.ctx.begin() as connection:
        now = run.ctx.clock(connection)
        if not ticks.claim(connection, f"disks {run.scope_id}", EVERY, now):
            return 0
        unsized = launches.unsized(connection, run.scope_id, now, AT_ONCE)
    learnt = 0
    for launch in unsized:
        try:
            found = merge_pages(run.provider.list(run.scope, Filter(token=launch.token, spec=launch.spec)))
        except ProviderError as exc:
            log.warning("sizes of disks could not be asked for", scope=str(run.scope), code=exc.code, error=exc.message)
            return learnt
        with run.ctx.begin() as connection:
            learnt += usage.learn_disks(connection, run.scope_id, found.sightings)
    return learnt
