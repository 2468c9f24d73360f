"""A launch that waits for its turn: a cloud is asked for so many in a span and no more, and others stand before it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from im.domain.input.duration import format_duration

if TYPE_CHECKING:
    from im.domain.rate_limit import Rate

WORTH_TELLING = timedelta(seconds=3)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a launch stands that nobody has called yet. `left`: what was left of the place's budget at `left_at`; None: nobody
    has taken from it yet."""

    before: int
    left: float | None
    left_at: datetime | None


def turn(place: Place, rate: Rate, now: datetime) -> str:
    """`waits for its turn …`, with about when it comes; empty where it comes within seconds."""
    left = rate.burst
    if place.left is not None and place.left_at is not None:
        left = min(left, place.left + max(0.0, (now - place.left_at).total_seconds()) * rate.per_second)
    wait = timedelta(seconds=round(max(0.0, (place.before + 1 - left) / rate.per_second)))
    if wait < WORTH_TELLING:
        return ""
    before = f", and {place.before} {'is' if place.before == 1 else 'are'} before it" if place.before else ""
    at = f"{now + wait:%Y-%m-%d %H:%M:%S} UTC"
    return f"waits for its turn, about {at}: this cloud is asked for {_often(rate)}{before}"


def _often(rate: Rate) -> str:
    if rate.per_second < 1:
        return f"one launch every {format_duration(timedelta(seconds=round(1 / rate.per_second)))}"
    return f"{rate.per_second:g} launches a second"
