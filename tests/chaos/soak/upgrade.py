"""An upgrade under load: a fleet of the version before gets this one's schema, half of it becomes this one, goes back, goes on.

Whoever asks for something uses what there is: commands and pages of the one version, of both, and of the other.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from random import Random

from tests.chaos.soak.nemesis import Blow, Fault, Planned
from tests.chaos.soak.room import Room
from tests.chaos.soak.versions import HALF, PAGES, Versions

_COMES_UP = 10.0
"""Seconds until what was replaced last is at work."""


def plan(seconds: float, after: int) -> list[Planned]:
    """Numbered behind so many others."""
    shares = zip(UPGRADE, (0.2, 0.55, 0.8), strict=True)
    return [Planned(seconds * share, after + n, kind, seconds) for n, (kind, share) in enumerate(shares, start=1)]


def _by_half(versions: Versions) -> str:
    versions.migrate()
    return versions.replace(HALF)


def _step(does: Callable[[Versions], str]) -> Fault:
    def fault(room: Room, rng: Random, scale: float) -> Blow:
        assert room.versions is not None
        began = time.monotonic()
        told = does(room.versions)
        return Blow(told, time.monotonic() - began + _COMES_UP)

    return fault


def page_killed(room: Room, rng: Random, scale: float) -> Blow:
    name = rng.choice(PAGES)
    room.children[name].signal(signal.SIGKILL, whole=True)
    return Blow(f"{name}, kill -9", 6)


UPGRADE: dict[str, Fault] = {
    "upgraded by half": _step(_by_half),
    "gone back": _step(lambda versions: versions.replace(None)),
    "upgraded": _step(lambda versions: versions.replace(())),
}
"""In this order."""
