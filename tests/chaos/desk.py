"""What outlives a killed process in these tests: the time, and the messages it left with a broker that may lose them.

One folder for each case; plain files, appended to in one write each, so that a kill -9 leaves no half of anything.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from im.queue.tasks import Task


@dataclass(frozen=True, slots=True, order=True)
class Message:
    at: float
    """Seconds since the epoch, by the case's clock, from which on it may be delivered."""
    number: int
    task: str
    ids: tuple[str, ...]


class Clock:
    """The one time of a case, for every process and for the cloud; it moves when somebody sets it."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "now"

    def read(self) -> float:
        return float(self._path.read_text())

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.read(), UTC)

    def set(self, moment: float) -> None:
        fresh = self._path.with_suffix(f".{os.getpid()}")
        fresh.write_text(repr(moment))
        fresh.replace(self._path)

    def wait(self, seconds: float) -> None:
        """Who waits lets time pass for everybody, to a whole second: by these the ticks go."""
        self.set(math.ceil(self.read() + seconds))


class Broker:
    """Rings go in here. What was taken and not acknowledged is delivered again, unless it was all wiped."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._rung, self._done = folder / "rung", folder / "done"
        self._clock = clock

    def ring(
        self, task: Task, ids: Sequence[str] = (), *, label: str = "", after: float = 0, to: str | None = None
    ) -> bool:
        at = self._clock.read() + timedelta(seconds=after).total_seconds()
        _append(self._rung, json.dumps([at, task.value, list(ids)]))
        return True

    def due(self) -> list[Message]:
        """What may be delivered now, in order."""
        now = self._clock.read()
        return [message for message in self._waiting() if message.at <= now]

    def next(self) -> float | None:
        """When the next message may be delivered, if any waits."""
        return next((message.at for message in self._waiting()), None)

    def _waiting(self) -> list[Message]:
        done = set(_lines(self._done))
        read = (json.loads(line) for line in _lines(self._rung))
        return sorted(Message(at, n, task, tuple(ids)) for n, (at, task, ids) in enumerate(read) if str(n) not in done)

    def acknowledge(self, message: Message) -> None:
        _append(self._done, str(message.number))

    def wipe(self) -> None:
        for number in range(len(_lines(self._rung))):
            _append(self._done, str(number))


def _append(path: Path, line: str) -> None:
    with path.open("ab", buffering=0) as out:
        out.write(line.encode() + b"\n")


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []
