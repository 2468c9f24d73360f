"""What the cloud had accepted, and what came to nothing: accepted is not done until the machine was seen where it should be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType

from im.domain.cause import FINAL, NOT_STARTED, UNKNOWN_CAUSE, Cause, Hand, stopped_by
from im.domain.instance import Instance
from im.domain.lifecycle import DECISIONS, MAX_ATTEMPTS, Step, backoff
from im.domain.state import Desired, Observed, Why

ON_THE_WAY: Mapping[Step, Observed] = MappingProxyType(
    {Step.START: Observed.PENDING, Step.STOP: Observed.STOPPING, Step.TERMINATE: Observed.TERMINATING}
)
"""The state that the cloud answers a step of ours with."""


@dataclass(frozen=True, slots=True)
class Fall:
    """A step that the cloud had accepted came to nothing: a failed attempt, with the cloud's reason."""

    code: str
    error: str
    failed: bool
    """That was the last attempt."""
    wait: timedelta


def fell_back(row: Instance, state: Observed, cause: Cause = UNKNOWN_CAUSE) -> Fall | None:
    """Is the machine back where it was before a step of ours that was accepted? None: it is not.

    A start can end so at every attempt (a disk's key that may not be used, no room), so it is given up like one that is
    refused; a stop or a terminate never is.
    """
    if row.settled or row.failed:
        return None
    step = DECISIONS[row.desired, state].step
    turned = step is Step.START and row.observed is Observed.STOPPING and row.attempts > 0
    if step not in ON_THE_WAY or not (turned or row.observed is ON_THE_WAY[step]):
        return None
    wait = backoff(row.attempts)
    if step is not Step.START:
        back = f"the cloud accepted the {step}, and the machine is {state} again"
        return Fall(f"did_not_{step}", back, failed=False, wait=wait)
    if cause.hand is Hand.CLOUD:
        failed = row.attempts >= MAX_ATTEMPTS or cause.code in FINAL
        return Fall(cause.code, cause.says, failed, wait)
    told = "it was " if cause.hand in (Hand.UNKNOWN, Hand.OUTSIDE) else ""
    back = f"the cloud accepted the start, and it is {state} again: {told}{stopped_by(cause.hand)}"
    return Fall(NOT_STARTED, back, row.attempts >= MAX_ATTEMPTS, wait)


def launch_failed(row: Instance, state: Observed, cause: Cause) -> bool:
    """Did the machine end before it ever ran, because the cloud could not run it? Then its launch has failed.

    Some launches are refused only after the cloud has named the machine: no room, a quota of disks, a key that may not be used.
    """
    never_ran = row.observed in (Observed.PENDING, Observed.TERMINATING, Observed.TERMINATED) and row.attempts == 0
    spot = row.spec.spot
    # its request brings another: the row is closed, and the request ended; where none stands behind it, nothing comes
    again = spot is not None and not spot.once and row.spot_request is not None
    wanted = row.desired is not Desired.TERMINATED and not row.settled and row.closed_at is None
    return (
        state is Observed.TERMINATED
        and cause.hand is Hand.CLOUD
        and row.launch_token is not None
        and never_ran
        and wanted
        and not again
    )


def why_changed(cause: Cause) -> Why:
    """Who set the goal, when a change that nobody asked im for becomes what is desired."""
    return {Hand.GUEST: Why.GUEST, Hand.RETIRED: Why.RETIRED, Hand.CLOUD: Why.CLOUD}.get(cause.hand, Why.OUTSIDE)
