"""A launch whose worker is killed at one of its points, in this process: what was under way is gone, and its messages are lost."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from im import failpoints
from im.failpoints import Point
from tests.world import World

POINTS = tuple(point for point in Point if point.value.startswith("launch."))


class Killed(BaseException):
    """What kill -9 is to a process."""


class Kill:
    """At the n-th time a point of the launch is reached, the process is gone."""

    def __init__(self, point: Point, nth: int) -> None:
        self.point, self.nth, self.died = point, nth, False

    def at(self, point: Point, of: str) -> None:
        if point is self.point:
            self.nth -= 1
            if self.nth == 0:
                self.died = True
                raise Killed


@contextmanager
def killed_at(world: World, point: Point, nth: int = 1) -> Iterator[Kill]:
    """What happens within ends there, if it comes that far; whoever goes on hears of no message that waited."""
    dies = failpoints.armed = Kill(point, nth)  # type: ignore[assignment]
    try:
        yield dies  # type: ignore[misc]
    except Killed:
        pass
    finally:
        failpoints.armed = None
    world.lose_messages()


def points(*, tried: Collection[Point]) -> list[Any]:
    """All of a launch for `parametrize`, of which every run has those that are `tried`."""
    return [pytest.param(point, marks=() if point in tried else pytest.mark.long) for point in POINTS]
