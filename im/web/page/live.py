"""What open pages ask for when the stream rings: looked for and drawn once for all who would be shown the same.

A page says since when it wants to know: the moment of the ring, and the one that it shows. An answer that was made for another page
is given to it when it is of that moment or a later one, so that nobody is shown less than they know already.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock
from time import monotonic
from typing import Generic, TypeVar

from starlette.requests import Request

HEADER = "im-since"
LASTS = 1.0
"""Seconds for which an answer is given to others."""
MOST = 200
"""Answers that are kept at a time."""

T = TypeVar("T")


def since(request: Request) -> datetime | None:
    """Of which moment a page wants to know at least; None for who asks on their own account."""
    told = request.headers.get(HEADER, "")
    if not (told.isascii() and told.isdecimal() and len(told) <= 15):
        return None
    try:
        return datetime.fromtimestamp(int(told) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None


@dataclass(slots=True)
class _Kept(Generic[T]):
    lock: Lock = field(default_factory=Lock)
    """Held by who looks: the others wait for what is found."""
    found: T | None = None
    now: datetime = datetime.min.replace(tzinfo=UTC)
    at: float = 0.0

    def fits(self, since: datetime) -> bool:
        return self.found is not None and self.now >= since and monotonic() - self.at <= LASTS


class Shared(Generic[T]):
    """What was found a moment ago, by what was asked; used by many threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: dict[Hashable, _Kept[T]] = {}

    def get(self, key: Hashable, since: datetime, look: Callable[[], tuple[T, datetime]]) -> T:
        """`look` finds it, and says of which moment it is: of that one, or a later."""
        with self._lock:
            if key not in self._kept and len(self._kept) >= MOST:
                self._kept.clear()
            kept = self._kept.setdefault(key, _Kept())
        with kept.lock:
            if not kept.fits(since):
                kept.found, kept.now = look()
                kept.at = monotonic()
            assert kept.found is not None
            return kept.found
