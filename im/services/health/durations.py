"""How long what was asked for has taken, learned in the moment in which it is seen done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from im.counted import LAUNCH, OVERRUN, SETTLE, TICK_LAG
from im.db import events
from im.domain.instance import Instance
from im.domain.state import ALIVE, Observed, Why, meets

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class Change:
    """A row as it was, and what was seen of its machine since."""

    row: Instance
    seen: Observed
    at: datetime
    """When that was so, as far as it is known."""


def learned(connection: Connection, changes: Sequence[Change], now: datetime) -> Callable[[], None]:
    """What these changes, just written, have taken; to be called once they are committed."""
    news = [one for one in changes if one.seen is not one.row.observed]
    fulfilled = [one for one in news if not one.row.settled and meets(one.row.desired, one.seen)]
    asked = events.asked_at(connection, {one.row.id: one.row.generation for one in fulfilled}) if fulfilled else {}

    def count() -> None:
        for one in news:
            _count_ends(one)
        for one in fulfilled:
            if one.row.id in asked:
                SETTLE.observe(_seconds(now - asked[one.row.id]), one.row.desired.value)

    return count


def _count_ends(one: Change) -> None:
    row = one.row
    if row.why is Why.TTL and row.observed in ALIVE and one.seen not in ALIVE:
        OVERRUN.observe(_seconds(one.at - row.expires_at))
    if one.seen is Observed.RUNNING and row.launch_token is not None and not row.settled_generation:
        LAUNCH.observe(_seconds(one.at - row.created_at), row.scope.provider)


def tick(name: str, period: float, since_last: timedelta | None) -> None:
    """A tick was claimed so long after the one before it."""
    if since_last is not None:
        TICK_LAG.observe(max(0.0, since_last.total_seconds() - period), name)


def _seconds(span: timedelta) -> float:
    return max(0.0, span.total_seconds())
