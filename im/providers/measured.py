"""A provider whose calls are counted and timed: whatever the cloud, by what the contract calls them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from time import monotonic
from typing import Any, cast

from im.counted import CALL_DURATION, CALLS, OK
from im.providers.contract import BatchResult, Provider
from im.providers.errors import ProviderError

FEATURES = frozenset(
    {
        *("adoption", "deadline_guard", "leftovers", "marks", "prices", "protection", "shelving", "spot", "states"),
        "zones",
    }
)
"""Of the contract's attributes those that are objects with calls of their own."""
_WITHIN = frozenset({"addresses"})
"""The same of an ability's attributes."""
_ASKS_NOBODY = frozenset({"controller", "needed_by"})
"""Answered from what is known already."""
_UNFORESEEN, _PARTLY = "unforeseen", "partly"


def measured(provider: Provider, name: str) -> Provider:
    """`provider`, of the cloud `name`; nothing but its calls is any different."""
    return cast(Provider, _Measured(provider, name, ""))


class _Measured:
    """Stands before a provider, or before one of its abilities."""

    def __init__(self, inner: object, cloud: str, prefix: str) -> None:
        self._inner = inner
        self._cloud = cloud
        self._prefix = prefix

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name.startswith("_") or found is None:
            return found
        if name in (_WITHIN if self._prefix else FEATURES):
            return _Measured(found, self._cloud, f"{name}.")
        if not callable(found) or name in _ASKS_NOBODY:
            return found
        return self._timed(found, self._prefix + name)

    def _timed(self, call: Callable[..., Any], operation: str) -> Callable[..., Any]:
        def timed(*args: Any, **more: Any) -> Any:
            answer = self._count(lambda: call(*args, **more), operation)
            return self._pages(answer, operation) if isinstance(answer, Iterator) else answer

        return timed

    def _pages(self, pages: Iterator[Any], operation: str) -> Iterator[Any]:
        """Each is a call of its own; between two of them the time is the reader's."""
        while (page := self._count(lambda: next(pages, None), operation, last=None)) is not None:
            yield page

    def _count(self, call: Callable[[], Any], operation: str, last: object = ...) -> Any:
        """`last`: an answer that was none of the cloud's."""
        began, code = monotonic(), _UNFORESEEN
        try:
            answer = call()
            code = "" if isinstance(answer, Iterator) or answer is last else _code_of(answer)
        except ProviderError as exc:
            code = exc.code
            raise
        finally:
            if code:
                CALLS.add(self._cloud, operation, code)
                CALL_DURATION.observe(monotonic() - began, self._cloud, operation)
        return answer


def _code_of(answer: object) -> str:
    refused = answer.failed if isinstance(answer, BatchResult) else answer if isinstance(answer, Mapping) else {}
    codes = Counter(one.code for one in refused.values() if isinstance(one, ProviderError))
    if not codes:
        return OK
    return _PARTLY if isinstance(answer, BatchResult) and answer.done else codes.most_common(1)[0][0]
