"""What the call of a launch means for it: machines, the end of it, or another attempt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from im.domain.launch import LaunchState
from im.domain.lifecycle import MAX_ATTEMPTS
from im.domain.sighting import Sighting
from im.failpoints import Point, reach
from im.providers import errors
from im.providers.errors import ProviderError
from im.services.reconcile.launch_claims import Claimed

NEWS_ATTEMPTS = 5
"""After this many, half a minute in all, what the cloud does not know was not made just now: it is not there."""


@dataclass(frozen=True, slots=True)
class Made:
    machines: Sequence[Sighting]


@dataclass(frozen=True, slots=True)
class Over:
    """No machine will come of this launch."""

    state: LaunchState
    because: str
    error: ProviderError | None = None


@dataclass(frozen=True, slots=True)
class Later:
    """It is tried again, the same to the letter."""

    because: str
    error: ProviderError | None = None
    state: LaunchState = LaunchState.CALLED


Answer = Made | Over | Later


def of_machines(machines: Sequence[Sighting] | None) -> Answer:
    """The answer of a call that did not fail; None: what came of it does not show yet."""
    if machines is None:
        return Later("not seen yet; looked for again")
    return _made(machines) if machines else Over(LaunchState.ABSENT, "nothing was launched")


def of_error(claimed: Claimed, exc: ProviderError) -> Answer:
    """Definitely refused for good: the slots have failed. Anything else is tried again."""
    attempts, look = claimed.launch.attempts, claimed.look
    patient = isinstance(exc, errors.NotThereYet) and attempts < NEWS_ATTEMPTS
    of_us = isinstance(exc, errors.Unauthenticated)
    final = isinstance(exc, errors.Rejected | errors.NoCapacity) and not (patient or of_us)
    spent = isinstance(exc, errors.Unknown | errors.NotFound) and attempts >= MAX_ATTEMPTS
    # a refusal does not speak for an earlier call that went unanswered: credentials may have expired in between
    if (final or spent) and look.found and look.certain:
        return _made(look.found)
    if (final or spent) and (claimed.fresh or look.certain):
        return Over(LaunchState.REFUSED, exc.message, exc)
    definite = not isinstance(exc, errors.Ambiguous | errors.Unknown)
    return Later(exc.message, exc, LaunchState.OPEN if claimed.fresh and definite else LaunchState.CALLED)


def _made(machines: Sequence[Sighting]) -> Made:
    reach(Point.LAUNCH_MADE)
    return Made(machines)
