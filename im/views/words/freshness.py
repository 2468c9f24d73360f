"""What stands between a table and the truth: deadlines held or missed, facts grown old, machines without a row."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from im.views.words.times import span

if TYPE_CHECKING:
    from im.domain.explain.listing import Listing

STALE = timedelta(seconds=20)
"""Two refresh ticks: older facts are said to be old."""


def freshness(seen: Listing) -> list[str]:
    """A sentence for each reason why deadlines are held, each place whose facts are old or that cannot be watched, and orphans."""
    told = [f"DEADLINES ARE HELD: {held.reason} (by {held.by}). Next: {held.fix}" for held in seen.holds]
    told += [f"PAST DEADLINE: {alarm.sentence(seen.now)}. Next: im doctor" for alarm in seen.alarms if alarm.count]
    for scope in sorted({row.scope for row in seen.rows if row.closed_at is None}):
        health = seen.health.get(scope)
        if health is None:
            continue
        if health.failing_since is not None:
            since = span(seen.now - health.failing_since)
            told.append(
                f"{scope} cannot be watched since {since}: {health.error or health.error_code}. Next: im doctor"
            )
        elif health.refreshed_at is None:
            if seen.now - min(r.created_at for r in seen.rows if r.scope == scope) > STALE:
                told.append(f"{scope} has never been looked at; is a worker running? Next: im doctor")
        elif seen.now - health.refreshed_at > STALE:
            age = span(seen.now - health.refreshed_at)
            told.append(f"what is known of {scope} is {age} old; is a worker running? Next: im doctor")
    if seen.orphans.count:
        told.append(f"{seen.orphans.sentence(seen.now)}. Next: im orphans")
    return told
