"""Waiting for processes that have no clock of ours to be stepped."""

from __future__ import annotations

import time
from collections.abc import Callable


def until(what: str, holds: Callable[[], bool], seconds: float = 90) -> None:
    """Ask again until it holds; fails with `what` never came after so long, which is no measure of anything."""
    end = time.monotonic() + seconds
    pause = 0.005  # a thread of ours is there at once, a process of ours is not
    while not holds():
        assert time.monotonic() < end, f"never: {what}"
        time.sleep(pause)
        pause = min(2 * pause, 0.1)
