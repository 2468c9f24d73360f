"""Calls of one process at a cloud that says how far apart they have to be: each kind of call waits for its turn."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from threading import Lock

from im.providers import errors


class Pace:
    """`every`: kind of call → seconds between two of it. What other processes ask for meanwhile shows in a refusal alone."""

    def __init__(
        self,
        cloud: str,
        every: Mapping[str, float],
        patience: float,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """`patience`: seconds that a call is held up by those before it; one that would wait for longer is not made."""
        self._cloud, self._every, self._patience = cloud, every, patience
        self._clock, self.pause = clock, pause
        self._free_at: dict[str, float] = {}
        self._lock = Lock()

    def wait(self, kind: str) -> None:
        """Until it is this call's turn. Raises Throttled where that takes too long."""
        with self._lock:
            now = self._clock()
            at = max(now, self._free_at.get(kind, 0.0))
            if at - now > self._patience:
                told = f"{self._cloud} takes a call of that kind ({kind}) each {self._every[kind]:g} s, and others wait"
                raise errors.Throttled(told, retry_after=timedelta(seconds=at - now))
            self._free_at[kind] = at + self._every[kind]
        if at > now:
            self.pause(at - now)
