"""What an answer of the cloud means for one row that a step was taken for: what was seen, or how the attempt failed."""

from __future__ import annotations

from datetime import datetime

from im.db.instances.claims import Outcome
from im.domain.cause import Hand
from im.domain.fall import fell_back, why_changed
from im.domain.instance import Instance
from im.domain.lifecycle import LOOK_AGAIN, MAX_ATTEMPTS, Step, backoff
from im.domain.sighting import Sighting
from im.domain.state import GONE, Observed
from im.providers import errors
from im.providers.contract import BatchResult
from im.providers.errors import ProviderError


def outcome_of(row: Instance, step: Step, result: BatchResult, claimed_at: datetime, now: datetime) -> Outcome:
    assert row.provider_id is not None
    seen = result.done.get(row.provider_id)
    soon = now + LOOK_AGAIN
    if seen is not None:
        # a look shows what was true when it began; an answer to a change is newer than the change
        at = claimed_at if step is Step.LOOK else now
        # an earlier attempt of the same step may still be under way: this answer does not speak for that one
        sure = step not in row.uncertain_steps
        if (fall := fell_back(row, seen.state, seen.cause)) is not None:
            return Outcome(
                *(row.id, row.generation, seen, at, fall.code, fall.error, now + fall.wait),
                failed=fall.failed,
                fall=fall,
                sure=sure,
            )
        ended = seen.state in GONE and seen.cause.hand is Hand.CLOUD
        return Outcome(
            *(row.id, row.generation, seen, at),
            error_code=seen.cause.code if ended else None,
            error=seen.cause.says if ended else None,
            next_attempt_at=soon,
            why=why_changed(seen.cause),
            sure=sure,
        )
    if step is Step.LOOK and row.provider_id not in result.failed:
        return _not_seen(row, claimed_at, soon)
    exc = result.failed[row.provider_id]
    # who was refused leaves it to the others, at once
    of_us = isinstance(exc, errors.Unauthenticated)
    wait = LOOK_AGAIN if of_us else backoff(row.attempts + 1, exc.retry_after, _spread(row.id))
    return Outcome(
        row.id,
        row.generation,
        error_code=exc.code,
        error=exc.message,
        next_attempt_at=now + wait,
        failed=gives_up(step, exc, row.attempts + 1),
        sure=not isinstance(exc, errors.Ambiguous) and step not in row.uncertain_steps,
    )


def _not_seen(row: Instance, at: datetime, soon: datetime) -> Outcome:
    """An absent id proves little: it may be too new. Only a termination that the cloud had accepted is complete by it."""
    if row.observed is Observed.TERMINATING and row.provider_id:
        gone = Sighting(row.provider_id, Observed.TERMINATED, reason="no longer listed")
        return Outcome(row.id, row.generation, gone, at)
    return Outcome(row.id, row.generation, next_attempt_at=soon)


def gives_up(step: Step, exc: ProviderError, attempts: int) -> bool:
    """Is this failure the end of the request? A start can fail; a stop or a terminate is tried for ever."""
    if step is not Step.START or isinstance(exc, errors.Transient | errors.WrongState | errors.Unauthenticated):
        return False
    return isinstance(exc, errors.Rejected) or attempts >= MAX_ATTEMPTS


def _spread(instance_id: str) -> float:
    """A fixed place in [0, 1) for each instance: the herd does not retry in step, and a replay behaves the same."""
    return sum(instance_id.encode()) % 64 / 64
