"""Waiting for processes that have no clock of ours to be stepped."""

from __future__ import annotations

import time
from collections.abc import Callable


def until(what: str, holds: Callable[[], bool], seconds: float = 90) -> None:
    """Ask again until it holds; fails with `what` never came after so long, which is no measure of anything."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"never: {what}"
        time.sleep(0.1)
