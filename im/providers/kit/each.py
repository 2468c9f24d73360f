"""For clouds that take one machine a call: the same result as one call for many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from im.domain.sighting import Sighting
from im.providers.contract import BatchResult
from im.providers.errors import Ambiguous, ProviderError, Throttled, Unauthenticated, Unavailable
from im.providers.machine import Machine

HANDS = 4
"""Calls at the same time."""


def each(machines: Sequence[Machine], change: Callable[[Machine], Sighting], hands: int = HANDS) -> BatchResult:
    """`change` for every machine, so many at the same time. Once the cloud is ill or refuses us all, the rest is not tried: it
    would wait in vain."""
    done: dict[str, Sighting] = {}
    failed: dict[str, ProviderError] = {}
    ill: list[ProviderError] = []

    def one(machine: Machine) -> None:
        if ill:
            failed[machine.id] = untried(ill[0])
            return
        try:
            done[machine.id] = change(machine)
        except ProviderError as exc:
            failed[machine.id] = exc
            if isinstance(exc, Throttled | Unavailable | Unauthenticated | Ambiguous):
                ill.append(exc)

    unique = list(dict.fromkeys(machines))
    if len(unique) <= 1 or hands == 1:
        for machine in unique:
            one(machine)
    else:
        with ThreadPoolExecutor(min(hands, len(unique))) as pool:
            list(pool.map(one, unique))
    return BatchResult(done, failed)


def untried(exc: ProviderError) -> ProviderError:
    """For machines whose own call was never made: definitely not done, whatever became of the others."""
    if isinstance(exc, Throttled | Unauthenticated):
        return exc
    return Unavailable(f"not tried yet: {exc.message}", retry_after=exc.retry_after)
