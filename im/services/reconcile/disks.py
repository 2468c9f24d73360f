"""Disks of unknown size: what a launch's own answer would have told of its machines is asked for again, however they were found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from im.db import launches, ticks
from im.db.money import usage
from im.domain.scope import Scope
from im.logs import log
from im.providers.contract import Filter, Provider, merge_pages
from im.providers.errors import ProviderError

if TYPE_CHECKING:
    from im.context import Context

EVERY = 60.0
"""Seconds between two times that a scope's unknown disks are asked for."""
AT_ONCE = 20
"""Launches asked for each time."""


def learn_sizes(ctx: Context, provider: Provider, scope: Scope, number: int) -> int:
    """Write down the sizes that can be had by now; returns how many machines got theirs. What fails is asked again later."""
    with ctx.begin() as connection:
        now = ctx.clock(connection)
        if not ticks.claim(connection, f"disks {number}", EVERY, now):
            return 0
        unsized = launches.unsized(connection, number, now, AT_ONCE)
    learnt = 0
    for launch in unsized:
        try:
            found = merge_pages(provider.list(scope, Filter(token=launch.token, spec=launch.spec)))
        except ProviderError as exc:
            log.warning("sizes of disks could not be asked for", scope=str(scope), code=exc.code, error=exc.message)
            return learnt
        with ctx.begin() as connection:
            learnt += usage.learn_disks(connection, number, found.sightings)
    return learnt
