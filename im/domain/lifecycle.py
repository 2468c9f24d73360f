"""The rules: which step brings a machine toward what is desired, what a sighting means, and how a request ends.

Level-triggered: every answer follows from the row and the time alone, never from which message asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from im.domain.cause import OTHERS, UNKNOWN_CAUSE, Cause, ended_by, stopped_by
from im.domain.config.policy import DEFAULTS, OnInterruption, OnOutsideStart, OnOutsideStop, Policies
from im.domain.state import GONE, Desired, Observed, meets

if TYPE_CHECKING:
    from im.domain.instance import Instance

# ---- which step next -------------------------------------------------------------------------------------------------


class Step(StrEnum):
    """What reconcile does to an unsettled row. START, STOP and TERMINATE change the cloud, ADOPT only tags; LOOK asks it."""

    AWAIT_LAUNCH = "await_launch"
    ADOPT = "adopt"
    START = "start"
    STOP = "stop"
    TERMINATE = "terminate"
    LOOK = "look"
    REST = "rest"


@dataclass(frozen=True, slots=True)
class Decision:
    """The next step of a row, and why."""

    step: Step
    because: str


def _table() -> dict[tuple[Desired, Observed], Decision]:
    run, halt, end = Desired.RUNNING, Desired.STOPPED, Desired.TERMINATED
    o = Observed
    confirm = Decision(Step.LOOK, "it was last seen as desired; the cloud has to say so again")
    going = Decision(Step.LOOK, "the cloud is already moving it there")
    launch = Decision(Step.AWAIT_LAUNCH, "no machine yet; its launch is driven on its own")
    dying = Decision(Step.LOOK, "it is being terminated at the cloud; the end has to be seen")
    gone = Decision(Step.REST, "the machine no longer exists")
    busy = Decision(Step.LOOK, "the cloud refuses changes in mid-transition; look until it rests")
    return {
        (run, o.NONE): launch,
        (run, o.PENDING): going,
        (run, o.RUNNING): confirm,
        (run, o.HALTED): Decision(Step.START, "it is powered off and should run"),
        (run, o.STOPPING): busy,
        (run, o.STOPPED): Decision(Step.START, "it is stopped and should run"),
        (run, o.TERMINATING): dying,
        (run, o.TERMINATED): gone,
        (run, o.MISSING): gone,
        (halt, o.NONE): launch,
        (halt, o.PENDING): busy,
        (halt, o.RUNNING): Decision(Step.STOP, "it runs and should be stopped"),
        (halt, o.HALTED): Decision(Step.STOP, "it is powered off, and costs as much as if it ran until it is stopped"),
        (halt, o.STOPPING): going,
        (halt, o.STOPPED): confirm,
        (halt, o.TERMINATING): dying,
        (halt, o.TERMINATED): gone,
        (halt, o.MISSING): gone,
        (end, o.NONE): launch,
        (end, o.PENDING): Decision(Step.TERMINATE, "it starts and should be gone"),
        (end, o.RUNNING): Decision(Step.TERMINATE, "it runs and should be gone"),
        (end, o.HALTED): Decision(Step.TERMINATE, "it is powered off and should be gone"),
        (end, o.STOPPING): Decision(Step.TERMINATE, "it stops and should be gone"),
        (end, o.STOPPED): Decision(Step.TERMINATE, "it is stopped and should be gone"),
        (end, o.TERMINATING): going,
        (end, o.TERMINATED): gone,
        (end, o.MISSING): gone,
    }


DECISIONS: Mapping[tuple[Desired, Observed], Decision] = MappingProxyType(_table())
"""Total over desired × observed. The database claims rows by the same table (see `pairs`), so the two cannot disagree."""


def next_step(desired: Desired, observed: Observed) -> Decision:
    """What to do with an unsettled row."""
    return DECISIONS[desired, observed]


def pairs(step: Step) -> list[tuple[Desired, Observed]]:
    """Every (desired, observed) for which `step` is next."""
    return [pair for pair, decision in DECISIONS.items() if decision.step is step]


GOAL: Mapping[Step, Observed] = MappingProxyType(
    {Step.START: Observed.RUNNING, Step.STOP: Observed.STOPPED, Step.TERMINATE: Observed.TERMINATED}
)
"""The state in which each step of ours ends."""

# ---- trying again ----------------------------------------------------------------------------------------------------

LOOK_AGAIN = timedelta(seconds=2)
MAX_ATTEMPTS = 8
"""After this many refusals a start or a launch is given up, visibly. A stop or a terminate never is."""


def backoff(attempts: int, asked: timedelta | None = None, jitter: float = 0.0) -> timedelta:
    """How long to wait after the n-th failed attempt: 2, 4, 8 … 60 seconds, longer if the cloud asked for it.

    `jitter` in [0, 1) spreads the herd over a quarter of the wait.
    """
    wait = min(60.0, 2.0 ** max(1, min(attempts, 6)))
    if asked is not None:
        wait = max(wait, asked.total_seconds())
    return timedelta(seconds=wait * (1 + jitter / 4))


# ---- what a sighting means -------------------------------------------------------------------------------------------

UNCERTAIN_FOR = timedelta(minutes=10)
"""How long a step of ours with unknown outcome is suspected when the state changes under us."""


class Verdict(StrEnum):
    """What a sighting says about a row, beyond the fact itself."""

    FACT = "fact"
    """The observed state, nothing else."""
    SETTLED = "settled"
    """It meets what is desired."""
    SUSPECT = "suspect"
    """A settled row looks otherwise; judged when a second listing agrees."""
    OURS = "ours"
    """A late effect of our own step: desired is driven again."""
    ADOPTED = "adopted"
    """Somebody changed it at the cloud: the change becomes what is desired."""
    UNDONE = "undone"
    """Somebody did, and the policy is to change it back."""
    OVERDUE = "overdue"
    """It runs although its deadline has passed: the next enforcement stops it."""
    ENDED = "ended"
    """The machine no longer exists."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The meaning of one sighting: the verdict, the reason in words, and (ADOPTED, ENDED) what is desired from now on."""

    verdict: Verdict
    because: str
    desired: Desired


def observe(
    row: Instance,
    state: Observed,
    began_at: datetime,
    now: datetime,
    policy: Policies = DEFAULTS,
    *,
    interrupted: bool = False,
    cause: Cause = UNKNOWN_CAUSE,
) -> Reading:
    """What it means that a look begun at `began_at` showed `row`'s machine in `state`.

    A settled row that looks otherwise is judged only in the second of two looks begun after our last result, because one may
    have crossed with a change of ours. It never weakens a desired termination. `interrupted`: the cloud itself says that it
    took the machine back, which nobody's step can be confused with. `cause`: whose hand stopped or ended it.
    """
    if state in GONE:
        return _ended(row, state, interrupted, cause)
    if not row.settled:
        if meets(row.desired, state):
            return Reading(Verdict.SETTLED, f"seen {state} at the cloud", row.desired)
        return Reading(Verdict.FACT, f"seen {state} at the cloud", row.desired)
    if meets(row.desired, state):
        return Reading(Verdict.FACT, f"still {state}", row.desired)
    if row.desired is Desired.TERMINATED:
        # settled as terminated, yet the cloud shows a machine: it has to go
        return Reading(Verdict.OURS, f"it is {state} although it was terminated", row.desired)
    if interrupted and state is Observed.STOPPED:
        return _taken_back(row, policy)
    if row.interrupted_at is not None and row.observed is Observed.STOPPED and state is Observed.RUNNING:
        return _given_back(row, now)
    if state not in (Observed.RUNNING, Observed.HALTED, Observed.STOPPED):
        return Reading(Verdict.FACT, f"{state} without a request of ours", row.desired)
    if row.drift_since is None or began_at <= row.drift_since:
        return Reading(Verdict.SUSPECT, f"{state} without a request of ours", row.desired)
    for step, since in row.uncertain_steps.items():
        if cause.hand not in OTHERS and GOAL.get(Step(step)) is state and now - since < UNCERTAIN_FOR:
            return Reading(Verdict.OURS, f"our own earlier {step} took effect late", row.desired)
    if state is Observed.HALTED and row.desired is Desired.STOPPED:
        return Reading(Verdict.UNDONE, "powered off outside im, and still charged for: it is stopped", row.desired)
    if state in (Observed.STOPPED, Observed.HALTED):
        if policy.outside_stop is OnOutsideStop.RESTART and now < row.expires_at:
            return Reading(Verdict.UNDONE, f"{stopped_by(cause.hand)}, and it is started again", row.desired)
        billed = ", though only powered off and still charged for" if state is Observed.HALTED else ""
        return Reading(Verdict.ADOPTED, f"{stopped_by(cause.hand)}{billed}", Desired.STOPPED)
    if now >= row.expires_at:
        return Reading(Verdict.OVERDUE, "started outside im after its deadline", row.desired)
    if policy.outside_start is OnOutsideStart.STOP:
        return Reading(Verdict.UNDONE, "started outside im, and is stopped again", row.desired)
    return Reading(Verdict.ADOPTED, "started outside im, with time left", Desired.RUNNING)


TAKEN_BACK = "the cloud took this spot machine back"


def _taken_back(row: Instance, policy: Policies) -> Reading:
    """Stopped by an interruption. Only the cloud can start it again; wanting that is what keeps it wanted."""
    if policy.interruption is OnInterruption.LEAVE:
        return Reading(Verdict.ADOPTED, f"{TAKEN_BACK}, and it is left stopped", Desired.STOPPED)
    return Reading(Verdict.UNDONE, f"{TAKEN_BACK}, and starts it again when it has room", row.desired)


def _given_back(row: Instance, now: datetime) -> Reading:
    """The cloud started again what it had stopped, though by now nobody wants it to run."""
    if now >= row.expires_at:
        return Reading(Verdict.OVERDUE, "the cloud started its spot machine again after its deadline", row.desired)
    return Reading(Verdict.UNDONE, "the cloud started its spot machine again, which is to stay stopped", row.desired)


def _ended(row: Instance, state: Observed, interrupted: bool, cause: Cause) -> Reading:
    if row.desired is Desired.TERMINATED:
        return Reading(Verdict.ENDED, "terminated", Desired.TERMINATED)
    if interrupted:
        return Reading(Verdict.ENDED, f"{TAKEN_BACK}, for good", Desired.TERMINATED)
    how = ended_by(cause.hand) if state is Observed.TERMINATED else "vanished from the cloud without a trace"
    return Reading(Verdict.ENDED, how, Desired.TERMINATED)


YOUNG = timedelta(seconds=60)
"""A machine this young may be missing from a listing that is otherwise complete (clouds are eventually consistent)."""


def may_be_judged_absent(row: Instance, began_at: datetime) -> bool:
    """Is absence from a complete listing begun at `began_at` evidence against this row's machine at all?"""
    born = row.launched_at or row.created_at
    return row.provider_id is not None and row.observed_at < began_at and began_at - max(born, row.created_at) > YOUNG


# ---- how a request ends ----------------------------------------------------------------------------------------------


class Ending(StrEnum):
    OPEN = "open"
    SETTLED = "settled"
    FAILED = "failed"
    SUPERSEDED = "superseded"


def ending(row: Instance, generation: int) -> Ending:
    """How the request that made `generation` stands by now."""
    if row.generation != generation:
        return Ending.SUPERSEDED
    if row.settled:
        return Ending.SETTLED
    return Ending.FAILED if row.failed else Ending.OPEN
