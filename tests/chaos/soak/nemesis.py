"""When what breaks: a plan drawn from the seed alone, carried out to the second, and a diary of what really happened.

Storms and calms take turns. In a storm a fault begins every few seconds, and several may be under way; at its end every one of
them is ended. What is measured as a healthy fleet is the calm, less the time that a fleet is allowed to recover in.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from tests.chaos.soak.room import Room

STORM, CALM = 180.0, 100.0
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Blow:
    """What a fault did, for the diary; how long it lasts, and what ends it."""

    told: str
    seconds: float = 0.0
    end: Callable[[], None] | None = None
    where: str = ""
    """The cloud that it is done to; empty: whoever is in the room feels it."""


Fault = Callable[[Room, Random, float], Blow]
"""Breaks something in the room; the third argument scales how long, 1 being its usual measure."""


@dataclass(frozen=True, slots=True)
class Planned:
    at: float
    """Seconds after the beginning."""
    number: int
    kind: str
    storm_ends: float


@dataclass(frozen=True, slots=True)
class Window:
    """One fault as it was, in seconds since the epoch."""

    kind: str
    began: float
    ended: float
    told: str
    where: str = ""


def plan(seed: int, seconds: float, kinds: list[str], *, every: tuple[float, float] = (2.0, 10.0)) -> list[Planned]:
    """The whole plan: the same seed, length and kinds, the same plan. Every kind comes up before any comes up again."""
    rng = Random(f"{seed}/plan")
    found: list[Planned] = []
    deck: list[str] = []
    for began, ends in _storms(seconds):
        at = began + rng.uniform(*every)
        while at < ends:
            if not deck:
                deck = rng.sample(kinds, len(kinds))
            found.append(Planned(at, len(found) + 1, deck.pop(), ends))
            at += rng.uniform(*every)
    return found


def _storms(seconds: float) -> Iterator[tuple[float, float]]:
    at = 0.0
    while at < seconds:
        yield at, min(at + STORM, seconds)
        at += STORM + CALM


class Nemesis(threading.Thread):
    """Carries the plan out. A kind that is still under way is passed over, which the diary says."""

    def __init__(
        self,
        room: Room,
        seed: int,
        planned: list[Planned],
        faults: dict[str, Fault],
        scale: float,
        say: Callable[[str], None],
    ) -> None:
        super().__init__(name="nemesis", daemon=True)
        self._room, self._seed, self._planned, self._faults = room, seed, planned, faults
        self._scale, self._say = scale, say
        self.path: Path = room.folder / "nemesis.jsonl"
        self.windows: list[Window] = []
        self.broken: list[str] = []
        """Faults that could not be carried out, and why: a nemesis that hits nothing proves nothing."""
        self._under_way: dict[str, tuple[float, Blow, float]] = {}
        self._over = threading.Event()
        self.began = time.time()

    def finish(self) -> None:
        """Stop breaking things; everything is mended when this returns."""
        self._over.set()
        self.join()

    def run(self) -> None:
        self.began = time.time()
        with self.path.open("a", buffering=1) as self._diary:
            for one in self._planned:
                if not self._wait_until(self.began + one.at):
                    break
                self._strike(one)
            while self._under_way and self._wait_until(min(until for until, _, _ in self._under_way.values())):
                pass
            self._room.lift()
            until = time.time() + 60
            while self._under_way and time.time() < until:
                self._end_all(float("inf"))
                time.sleep(0.2)

    def _wait_until(self, moment: float) -> bool:
        """Ends on the way whatever is over; False when it is time to go."""
        while not self._over.is_set():
            next_end = min((until for until, _, _ in self._under_way.values()), default=float("inf"))
            now = time.time()
            if now >= min(moment, next_end):
                self._end_all(now)
                if now >= moment:
                    return True
                continue
            self._over.wait(min(moment, next_end) - now)
        return False

    def _strike(self, one: Planned) -> None:
        if one.kind in self._under_way:
            self._note(one, "passed over: the one before is not over")
            return
        began = time.time()
        try:
            blow = self._faults[one.kind](self._room, Random(f"{self._seed}/{one.number}"), self._scale)
        except Exception as exc:  # what it meant to break is broken already
            self._note(one, f"missed: {type(exc).__name__}: {str(exc)[:150]}")
            self.broken.append(f"{one.kind}: {type(exc).__name__}: {str(exc)[:150]}")
            return
        until = min(began + blow.seconds, self.began + one.storm_ends)
        self._note(one, blow.told + (f", for {max(0.0, until - began):.0f} s" if blow.seconds else ""))
        self._under_way[one.kind] = (until, blow, began)
        self._end_all(time.time())

    def _end_all(self, now: float) -> None:
        for kind, (until, blow, began) in list(self._under_way.items()):
            if until <= now:
                try:
                    if blow.end is not None:
                        blow.end()
                except Exception:  # whom it was done to is held still by another fault: it is not over yet
                    self._under_way[kind] = (time.time() + 1, blow, began)
                    continue
                del self._under_way[kind]
                self.windows.append(Window(kind, began, time.time(), blow.told, blow.where))
                self._diary.write(json.dumps({"at": time.time(), "ended": kind}) + "\n")

    def _note(self, one: Planned, told: str) -> None:
        entry: dict[str, Any] = {"at": time.time(), "number": one.number, "kind": one.kind, "told": told}
        self._diary.write(json.dumps(entry) + "\n")
        self._say(f"{one.number:4} {one.kind}: {told}")
