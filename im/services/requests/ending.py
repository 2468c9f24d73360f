"""How a request on one instance ends, by its row alone: reached, given up, overtaken, or refused for now."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from im.domain.cause import ended_by, stopped_by
from im.domain.errors import ImError, Superseded, error_for
from im.domain.explain.why import HANDS
from im.domain.lifecycle import Ending, ending
from im.domain.orphan import LABEL_CHANGED
from im.domain.state import GONE, Desired, Why

if TYPE_CHECKING:
    from im.domain.instance import Instance

_HOPELESS = frozenset({"forbidden", "unsupported", "invalid_spec", "rejected", LABEL_CHANGED})
"""Answers that trying again will not change; im goes on trying to stop a machine all the same."""
_ANOTHER_WORKER = 15.0
"""Seconds for which a worker that the cloud knows may still take up what one was refused that it does not."""


@dataclass(frozen=True, slots=True)
class Goal:
    """One request on one instance."""

    id: str
    generation: int
    desired: Desired


def aim(goal: Goal, row: Instance) -> Goal:
    """A later request for the same end (somebody extends meanwhile) is waited for instead: nothing was superseded."""
    same = row.generation > goal.generation and row.desired is goal.desired
    return replace(goal, generation=row.generation) if same else goal


def judge(ends: dict[str, ImError | None], goal: Goal, row: Instance, unknown: dict[str, float], now: float) -> None:
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
