"""Waiting for the end of a request, by looking at its rows. Nothing depends on it: who stops waiting stops nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from im.domain.errors import ImError, Superseded, Unavailable, WaitTimedOut
from im.domain.explain.phase import phase
from im.domain.input.duration import format_duration
from im.domain.input.listed import listed
from im.views.exits import Interrupted

if TYPE_CHECKING:
    from im.cli.backend.port import Looks
    from im.cli.output.progress import Progress
    from im.domain.instance import Instance
    from im.services.requests.result import Answer

DATABASE_GRACE = 15.0
"""Seconds for which the database may be away in mid-wait: a restart is no reason to give up."""

LOOK_EVERY = 0.3
"""Seconds from a look that failed to the next."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The rows as last seen, and why waiting did not end well (None: it did)."""

    rows: tuple[Instance, ...]
    now: datetime
    error: ImError | None


def wait(
    looks: Looks,
    answer: Answer,
    timeout: timedelta,
    show: Progress,
    *,
    monotonic: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> Outcome:
    """Look until every change of `answer` has ended, or `timeout` is over."""
    from im.services.requests.ending import Goal, aim, judge  # who waits for nothing needs none of it

    goals = {c.after.id: Goal(c.after.id, c.after.generation, c.after.desired) for c in answer.changes}
    ends: dict[str, ImError | None] = {}
    unknown: dict[str, float] = {}
    seen, now = tuple(c.after for c in answer.changes), answer.now
    began = heard = monotonic()
    listing = None
    try:
        while True:
            try:
                most = timeout.total_seconds() - (monotonic() - began)
                listing = looks.now(seen) if listing is None else looks.later(seen, most, pause)
                by_id = {row.id: row for row in listing.rows}
                seen, now, heard = tuple(by_id.get(r.id, r) for r in seen), listing.now, monotonic()
            except Unavailable as exc:
                if monotonic() - heard > DATABASE_GRACE:
                    return Outcome(seen, now, exc)
                pause(LOOK_EVERY)
            for row in seen:
                if row.id not in ends:
                    goals[row.id] = aim(goals[row.id], row)
                    judge(ends, goals[row.id], row, unknown, monotonic())
            show(seen, now, len(ends))
            if len(ends) == len(goals):
                return Outcome(seen, now, _worst(list(ends.values())))
            if monotonic() - began >= timeout.total_seconds():
                return Outcome(seen, now, _timed_out([r for r in seen if r.id not in ends], now, timeout))
    except KeyboardInterrupt:
        return Outcome(seen, now, _interrupted([r for r in seen if r.id not in ends]))


def _timed_out(rows: Sequence[Instance], now: datetime, timeout: timedelta) -> ImError:
    word = f"still {phase(rows[0], now).word}" if len(rows) == 1 else "not done"
    told = f"{_names(rows)}: {word} after {format_duration(timeout)}; the work goes on"
    return WaitTimedOut(told, f"im status {rows[0].name}, or im doctor if nothing moves")


def _interrupted(rows: Sequence[Instance]) -> ImError:
    if not rows:
        return Interrupted("interrupted")
    return Interrupted(f"stopped waiting for {_names(rows)}; the work goes on", f"im status {rows[0].name}")


def _names(rows: Sequence[Instance]) -> str:
    return listed([row.name for row in rows])


def _worst(ends: Sequence[ImError | None]) -> ImError | None:
    """One exit code for all: a failure counts before a superseded request. Says how many more there are."""
    errors = sorted((e for e in ends if e is not None), key=lambda e: isinstance(e, Superseded))
    if not errors:
        return None
    first = errors[0]
    if len(errors) > 1:
        first = type(first)(f"{first.message} (and {len(errors) - 1} more like it)", first.hint)
    if fine := len(ends) - len(errors):
        # the code speaks for those that failed; what was reached is there all the same
        first = type(first)(f"{first.message}; the other {fine} of {len(ends)} are fine", first.hint)
    return first
