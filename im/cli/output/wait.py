"""Waiting for the end of a request, by looking at its rows. Nothing depends on it: who stops waiting stops nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from im.cli.output.progress import Progress
from im.domain.cause import ended_by, stopped_by
from im.domain.errors import ImError, Superseded, Unavailable, WaitTimedOut, error_for
from im.domain.exits import Interrupted
from im.domain.explain.phase import phase
from im.domain.explain.why import HANDS
from im.domain.input.duration import format_duration
from im.domain.input.listed import listed
from im.domain.instance import Instance
from im.domain.lifecycle import Ending, ending
from im.domain.state import GONE, Desired, Why

if TYPE_CHECKING:
    from im.context import Context
    from im.services.requests.result import Answer

LOOK_EVERY = 0.3
"""Seconds between two looks at the rows."""
DATABASE_GRACE = 15.0
"""Seconds for which the database may be away in mid-wait: a restart is no reason to give up."""

_HOPELESS = frozenset({"forbidden", "unsupported", "invalid_spec", "rejected"})
"""Answers that trying again will not change; im goes on trying to stop a machine all the same."""
_ANOTHER_WORKER = 15.0
"""Seconds for which a worker that the cloud knows may still take up what one was refused that it does not."""


@dataclass(frozen=True, slots=True)
class Goal:
    """One request on one instance."""

    id: str
    generation: int
    desired: Desired


@dataclass(frozen=True, slots=True)
class Outcome:
    """The rows as last seen, and why waiting did not end well (None: it did)."""

    rows: tuple[Instance, ...]
    now: datetime
    error: ImError | None


def wait(
    ctx: Context,
    answer: Answer,
    timeout: timedelta,
    show: Progress,
    *,
    monotonic: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> Outcome:
    """Look until every change of `answer` has ended, or `timeout` is over."""
    from im.services import queries

    goals = {c.after.id: Goal(c.after.id, c.after.generation, c.after.desired) for c in answer.changes}
    ends: dict[str, ImError | None] = {}
    unknown: dict[str, float] = {}
    seen, now = tuple(c.after for c in answer.changes), answer.now
    began = heard = monotonic()
    try:
        while True:
            try:
                listing = queries.by_ids(ctx, list(goals))
                by_id = {row.id: row for row in listing.rows}
                seen, now, heard = tuple(by_id.get(r.id, r) for r in seen), listing.now, monotonic()
            except Unavailable as exc:
                if monotonic() - heard > DATABASE_GRACE:
                    return Outcome(seen, now, exc)
            for row in seen:
                if row.id not in ends:
                    goals[row.id] = _aim(goals[row.id], row)
                    _judge(ends, goals[row.id], row, unknown, monotonic())
            show(seen, now, len(ends))
            if len(ends) == len(goals):
                return Outcome(seen, now, _worst(list(ends.values())))
            if monotonic() - began >= timeout.total_seconds():
                return Outcome(seen, now, _timed_out([r for r in seen if r.id not in ends], now, timeout))
            pause(LOOK_EVERY)
    except KeyboardInterrupt:
        return Outcome(seen, now, _interrupted([r for r in seen if r.id not in ends]))


def _aim(goal: Goal, row: Instance) -> Goal:
    """A later request for the same end (somebody extends meanwhile) is waited for instead: nothing was superseded."""
    same = row.generation > goal.generation and row.desired is goal.desired
    return replace(goal, generation=row.generation) if same else goal


def _judge(ends: dict[str, ImError | None], goal: Goal, row: Instance, unknown: dict[str, float], now: float) -> None:
    """`unknown`: since when the cloud knew none of the workers that tried, by id."""
    if row.error_code == "unauthenticated":
        unknown.setdefault(row.id, now)
    else:
        unknown.pop(row.id, None)
    match ending(row, goal.generation):
        case Ending.SETTLED:
            ends[row.id] = None
        case Ending.FAILED:
            ends[row.id] = _failed(row)
        case Ending.SUPERSEDED:
            ends[row.id] = _superseded(row)
        case Ending.OPEN:
            if row.error_code == "unauthenticated":
                if now - unknown[row.id] >= _ANOTHER_WORKER:
                    ends[row.id] = _refused_for_now(row)
            elif row.desired is not Desired.RUNNING and row.error_code in _HOPELESS:
                ends[row.id] = _refused_for_now(row)


def _failed(row: Instance) -> ImError:
    why = row.error or (row.error_code or "unknown").replace("_", " ")
    again = row.closed_at is None and row.desired is Desired.RUNNING
    hint = f"im start {row.name} -d 1h  tries again" if again else f"im history {row.name}"
    if again and row.provider_id is None and row.error_code == "invalid_spec":  # the same would be refused again
        hint = f"im terminate {row.name}  frees the name; then create it as it can be"
    return error_for(row.error_code)(f"{row.name}: {why}", hint)


def _superseded(row: Instance) -> ImError:
    if row.why is Why.CLOUD and row.error_code:  # nobody wanted something else: it could not be done
        return error_for(row.error_code)(f"{row.name}: {row.error}", f"im why {row.name}")
    verb = {Desired.RUNNING: "run", Desired.STOPPED: "stop", Desired.TERMINATED: "end"}[row.desired]
    match row.why:
        case Why.TTL:
            what = f"its deadline came first, and it has to {verb}"
        case Why.OUTSIDE:
            what = f"it was changed outside im, and has to {verb} now"
        case Why.GUEST | Why.RETIRED | Why.CLOUD:
            what = f"{(ended_by if row.observed in GONE else stopped_by)(HANDS[row.why])}, and it has to {verb} now"
        case Why.SPOT:
            what = f"the cloud took its spot machine back, and it has to {verb} now"
        case Why.USER:
            what = f"a later request by {row.by} wants it to {verb}"
    return Superseded(f"{row.name}: superseded; {what}", f"im history {row.name}")


def _refused_for_now(row: Instance) -> ImError:
    why = row.error or (row.error_code or "").replace("_", " ")
    return error_for(row.error_code)(f"{row.name}: {why}; im keeps trying", f"im status {row.name}")


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
