"""Many deadlines: close together they ring no more than they need, and at one instant they go out as fast as the cloud refills."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from im.domain.rate_limit import Rate
from im.domain.state import Observed
from im.providers.fake.provider import FakeProvider
from im.queue.tasks import Task
from tests.world import World


def test_a_minute_full_of_deadlines_rings_one_hint_for_each_and_not_hints_for_hints(world: World) -> None:
    for number in range(40):
        world.create(f"web-{number}", seconds=60 + number / 2)
    world.advance(30)
    world.queue.rung.clear()
    world.advance(60)
    hints = [bell for bell in world.queue.rung if bell.task is Task.ENFORCE_TTL and bell.ids]
    assert {world.at_cloud(f"web-{number}") for number in range(40)} <= {Observed.STOPPING, Observed.STOPPED}
    assert 35 <= len(hints) <= 2 * 40


def test_a_hint_that_comes_early_is_rung_again_for_its_own_deadline(world: World) -> None:
    made = world.create(seconds=60)
    world.create("other", seconds=60.5)
    world.advance(59)
    world.queue.waiting.clear()
    world.answer(Task.ENFORCE_TTL, [made[0].id])
    assert [bell.ids for bell in world.queue.waiting] == [(made[0].id,)]
    world.advance(1.5)
    assert world.at_cloud() is Observed.STOPPING


class _Metered(FakeProvider):
    """So many machines a second, as EC2's resource tokens have it; 20 at once."""

    def __init__(self, world: World) -> None:
        metered = replace(world.provider.capabilities, machine_rates={"stop": Rate(10, 20)})
        super().__init__(world.cloud, world.deployment, metered)


def test_a_storm_goes_out_at_the_speed_of_the_clouds_bucket_and_nothing_is_refused(world: World) -> None:
    world.create(seconds=60, count=70)
    world.advance(30)
    world.provider = _Metered(world)
    world.advance(30.5)
    calls = world.calls("stop")
    assert [len(ids) for ids in calls] == [20]
    world.advance(6)
    assert sum(len(ids) for ids in world.calls("stop")) == 70
    assert min(len(ids) for ids in world.calls("stop")) >= 10


def test_what_waits_for_the_bucket_keeps_no_lease(world: World) -> None:
    world.create(seconds=60, count=30)
    world.advance(30)
    world.provider = _Metered(world)
    world.advance(30.5)
    rest = [world.row(f"web-{n}") for n in range(1, 31)]
    assert sum(row.observed is Observed.RUNNING and row.attempts == 0 for row in rest) == 10
    assert all(row.expires_at <= world.now + timedelta(seconds=1) for row in rest)


def test_a_bucket_that_never_holds_ten_still_lets_machines_out(world: World) -> None:
    world.create(seconds=60, count=12)
    world.advance(30)
    world.provider.capabilities = replace(world.provider.capabilities, machine_rates={"stop": Rate(2, 4)})
    world.advance(45)
    assert all(world.at_cloud(f"web-{n}") in (Observed.STOPPING, Observed.STOPPED) for n in range(1, 13))
    assert max(len(ids) for ids in world.calls("stop")) <= 4
