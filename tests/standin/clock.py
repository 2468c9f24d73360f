"""The stand-in's time: the machine's own clock with a skew, or one that only `step` moves; and what is due to happen in it."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import formatdate
from functools import lru_cache


class Clock:
    """Seconds since the epoch. A start makes it a stepped clock; without one it follows the machine, `skew` seconds ahead."""

    def __init__(self, start: float | None = None) -> None:
        self.skew = 0.0
        self._stepped = start

    @property
    def real(self) -> bool:
        return self._stepped is None

    def read(self) -> float:
        return (time.time() if self._stepped is None else self._stepped) + self.skew

    def step(self, seconds: float) -> None:
        """Move a stepped clock; raises ValueError for one that follows the machine."""
        if self._stepped is None:
            raise ValueError("this clock follows the machine: start the stand-in with a moment, or set its skew")
        # whole microseconds: sums of fractions come to rest a hair before the second, and times are told in whole ones
        self._stepped = round(self._stepped + seconds, 6)


class Timeline:
    """What is due at which moment. Nothing runs by itself: whoever reads the clock lets the past happen first.

    `now` is the moment in which things happen: while something due is done, the moment it was due.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.now = clock.read()
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._number = 0

    def at(self, moment: float, what: Callable[[], None]) -> None:
        self._number += 1
        heapq.heappush(self._due, (moment, self._number, what))

    def after(self, seconds: float, what: Callable[[], None]) -> None:
        """Do it `seconds` from now; at once when that is no time at all."""
        if seconds <= 0:
            what()
        else:
            self.at(self.now + seconds, what)

    def catch_up(self) -> None:
        """Let everything happen that is due by now, in order, each in its own moment."""
        until = self.clock.read()
        while self._due and self._due[0][0] <= until:
            moment, _, what = heapq.heappop(self._due)
            self.now = moment
            what()
        self.now = until


@lru_cache(4096)
def iso(moment: float) -> str:
    """As AWS writes times: 2030-01-01T12:00:00.000Z, whole seconds."""
    return datetime.fromtimestamp(int(moment), UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def moment(written: str) -> float:
    """What `iso` has written, or boto3."""
    return datetime.fromisoformat(written).timestamp()


@lru_cache(256)
def gmt(moment: int) -> str:
    """As EC2 writes times inside a sentence: 2030-01-01 12:00:00 GMT."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M:%S GMT")


@lru_cache(16)
def http_date(moment: int) -> str:
    return formatdate(moment, usegmt=True)
