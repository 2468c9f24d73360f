"""A launch on its way through several places, whose worker is killed: one machine, wherever that was."""

from __future__ import annotations

import pytest

from im import failpoints
from im.domain.state import Desired, Observed
from im.failpoints import Point
from tests.suite.sample import sampled
from tests.world import World


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


class Killed(BaseException):
    pass


@pytest.mark.parametrize(
    ("point", "nth"), sampled([p for p in Point if p.value.startswith("launch.")], [1, 2, 3], every=3)
)
def test_one_machine_wherever_the_worker_is_killed(world: World, point: Point, nth: int) -> None:
    world.cloud.capacity = {"fake-1a": 0, "fake-1b": 0}
    world.create(zone="any", retry=True, seconds=3600)
    failpoints.armed = Kill(point, nth)  # type: ignore[assignment]
    try:
        world.advance(5)
    except Killed:
        pass
    finally:
        failpoints.armed = None
    world.lose_messages()
    world.advance(180)
    row = world.row()
    assert (row.observed, row.zone, row.desired) == (Observed.RUNNING, "fake-1c", Desired.RUNNING)
    assert world.machines() == [row.provider_id]
