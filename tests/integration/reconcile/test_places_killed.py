"""A launch on its way through several places, whose worker is killed: one machine, wherever that was."""

from __future__ import annotations

import pytest

from im.domain.state import Desired, Observed
from im.failpoints import Point
from tests.integration.killed_launch import POINTS, killed_at
from tests.world import World


@pytest.mark.sampled(every=3)
@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("nth", [1, 2, 3])
def test_one_machine_wherever_the_worker_is_killed(world: World, point: Point, nth: int) -> None:
    world.cloud.capacity = {"fake-1a": 0, "fake-1b": 0}
    world.create(zone="any", retry=True, seconds=3600)
    with killed_at(world, point, nth):
        world.advance(5)
    world.advance(180)
    row = world.row()
    assert (row.observed, row.zone, row.desired) == (Observed.RUNNING, "fake-1c", Desired.RUNNING)
    assert world.machines() == [row.provider_id]
