"""One call for many machines, though a cloud refuses the whole call for one bad id: find the bad ones, do the rest."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from im.domain.sighting import Sighting
from im.providers.contract import BatchResult
from im.providers.errors import Ambiguous, Forbidden, ProviderError, Throttled, Transient, Unauthenticated, Unavailable

MOST = 500
"""Ids in one call; where a cloud sets no limit, it still answers big calls slowly."""
HOPELESS = 24
"""Refused calls in a row, none of them granted, after which the rest is left for later; one bad id in 500 needs ten."""

Change = Callable[[list[str]], dict[str, Sighting]]
Said = Callable[[ProviderError], str]
"""The cloud's own words for a refusal, in which it may name who is at fault."""


def act(change: Change, ids: Sequence[str], said: Said) -> BatchResult:
    """Apply `change` to every id. Errors that speak of the call and not of a machine fall on all ids of that call."""
    unique = list(dict.fromkeys(ids))
    waiting = [unique[at : at + MOST] for at in range(0, len(unique), MOST)]
    done: dict[str, Sighting] = {}
    failed: dict[str, ProviderError] = {}
    refused = 0
    while waiting:
        some = waiting.pop(0)
        try:
            seen = change(some)
        except (Transient, Unauthenticated) as exc:
            failed |= dict.fromkeys(some, exc)
            failed |= {one: _untried(exc) for rest in waiting for one in rest}
            break
        except ProviderError as exc:
            refused += 1
            blamed, parts = _blame(said(exc), some)
            failed |= dict.fromkeys(blamed, exc)
            waiting = parts + waiting
            if refused >= HOPELESS:
                failed |= {one: _untried(exc) for rest in waiting for one in rest}
                break
        else:
            refused = 0
            done |= {one: seen[one] for one in some if one in seen}
            failed |= {
                one: Ambiguous(f"the cloud answered without a word about {one}") for one in some if one not in seen
            }
    return BatchResult(done=done, failed=failed)


def _blame(said: str, some: list[str]) -> tuple[list[str], list[list[str]]]:
    """Who is at fault, and in which parts to try the others: those the message names, else one alone, else halves."""
    named = set(re.findall(r"[A-Za-z0-9-]+", said)) & set(some)
    if named:
        rest = [one for one in some if one not in named]
        return [one for one in some if one in named], [rest] if rest else []
    if len(some) == 1:
        return some, []
    middle = len(some) // 2
    return [], [some[:middle], some[middle:]]


def _untried(exc: ProviderError) -> ProviderError:
    """For ids whose own call was never made: definitely not done, whatever became of the others."""
    if isinstance(exc, Throttled | Unauthenticated | Forbidden):
        return exc
    return Unavailable(f"not tried yet: {exc.message}", retry_after=exc.retry_after)
