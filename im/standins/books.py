"""What a stand-in remembers of those who called it: every call that changed something, with its time; and faults to come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from threading import RLock
from typing import Any


@dataclass(frozen=True, slots=True)
class Entry:
    """One call as it was answered."""

    at: datetime
    account: str
    method: str
    path: str
    status: int
    answer: str
    """The error's code, or empty."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What shall become of the next calls that match: refused before anything is done, or done and the answer lost."""

    method: str
    path: str
    """The end of the path: `/servers`, or a part of it: `/actions/poweroff`."""
    status: int
    body: dict[str, Any]
    after: bool = False
    """True: the call is carried out, and only its answer is replaced."""


@dataclass
class Books:
    """Calls in order, and the faults that wait for theirs. Safe to be used by many threads."""

    clock: Callable[[], datetime]
    entries: list[Entry] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    made: int = 0
    """How many calls there were that may have changed something."""
    most: int | None = None
    """Entries that are remembered at least; None: all of them."""
    _lock: RLock = field(default_factory=RLock)

    def write(self, account: str, method: str, path: str, status: int, answer: str) -> None:
        with self._lock:
            self.entries.append(Entry(self.clock(), account, method, path, status, answer))
            self.made += method not in ("GET", "HEAD")
            if self.most is not None and len(self.entries) > 2 * self.most:
                del self.entries[: -self.most]

    def plan(self, fault: Fault, times: int = 1) -> None:
        """Let the next `times` matching calls meet `fault`."""
        with self._lock:
            self.faults += [fault] * times

    def due(self, method: str, path: str) -> Fault | None:
        """The fault planned for this call, which is used up by it."""
        with self._lock:
            for at, fault in enumerate(self.faults):
                if fault.method == method and path.endswith(fault.path):
                    return self.faults.pop(at)
        return None

    def changes(self, path: str = "") -> list[Entry]:
        """Calls that may have changed something, of those whose path ends so."""
        with self._lock:
            return [one for one in self.entries if one.method != "GET" and one.path.endswith(path)]
