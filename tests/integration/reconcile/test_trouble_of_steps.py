"""A start, a stop or a terminate that does not go as it should: refused, lost, overtaken, or stuck with a worker."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from im import failpoints
from im.domain.lifecycle import MAX_ATTEMPTS
from im.domain.state import Observed
from im.failpoints import Point
from im.providers.errors import (
    Ambiguous,
    Forbidden,
    NoCapacity,
    NotFound,
    Unsupported,
)
from im.queue.tasks import Task
from tests.world import World


class TestStopping:
    def test_a_refused_stop_past_the_deadline_is_tried_for_ever(self, world: World) -> None:
        world.create(seconds=20)
        world.advance(10)
        machine = world.row().provider_id
        assert machine
        world.cloud.cursed[machine] = Forbidden("not allowed")
        world.advance(1200, tick=60)
        assert world.at_cloud() is Observed.RUNNING
        assert world.row().error_code == "forbidden"
        assert "retrying" in world.word()
        assert len(world.calls("stop")) > MAX_ATTEMPTS
        world.cloud.cursed.clear()
        world.advance(80)
        assert world.at_cloud() is Observed.STOPPED
        assert world.row().error_code is None

    def test_a_stop_that_can_never_work_is_told(self, world: World) -> None:
        world.create(seconds=20)
        world.advance(10)
        machine = world.row().provider_id
        assert machine
        world.cloud.cursed[machine] = Unsupported("one-time spot")
        world.advance(30)
        assert world.word() == "stopping (unsupported, retrying)"

    def test_one_bad_id_does_not_block_the_others(self, world: World) -> None:
        world.create("web", count=5, seconds=30)
        world.advance(10)
        machine = world.row("web-3").provider_id
        assert machine
        world.cloud.cursed[machine] = NotFound("never heard of it")
        world.advance(35)
        stopped = [n for n in range(1, 6) if world.at_cloud(f"web-{n}") is Observed.STOPPED]
        assert stopped == [1, 2, 4, 5]

    def test_a_lost_reply_is_seen_and_not_repeated_needlessly(self, world: World) -> None:
        world.create()
        world.advance(10)
        world.cloud.fail_next("stop", Ambiguous("no answer"), after=True)
        world.stop("web")
        world.advance(20)
        assert world.at_cloud() is Observed.STOPPED
        assert world.row().settled
        assert world.row().error_code is None

    def test_a_stop_that_lands_after_an_extend_is_ours_and_the_machine_is_woken(self, world: World) -> None:
        world.create(seconds=600)
        world.advance(10)
        world.cloud.fail_next("stop", Ambiguous("no answer"))
        world.stop("web")
        world.advance(0.5)
        world.extend("web", seconds=60)
        world.advance(10)
        assert world.row().settled
        world.cloud.outside("stop", world.row().provider_id or "")  # the lost request arrives after all
        world.advance(40)
        assert world.at_cloud() is Observed.RUNNING
        assert world.row().desired.value == "running"

    def test_stop_while_the_cloud_is_still_starting_it(self, world: World) -> None:
        world.cloud.takes = timedelta(seconds=20)
        world.create()
        world.advance(5)
        world.stop("web")
        world.advance(60)
        assert world.at_cloud() is Observed.STOPPED
        assert world.row().settled


class TestStarting:
    def test_a_start_without_capacity_fails_after_bounded_attempts(self, world: World) -> None:
        world.create()
        world.advance(10)
        world.stop("web")
        world.advance(10)
        machine = world.row().provider_id
        assert machine
        world.cloud.cursed[machine] = NoCapacity("none left")
        world.start("web")
        world.advance(600)
        assert world.row().failed
        assert world.word() == "stopped, failed: no capacity"
        assert len(world.calls("start")) == MAX_ATTEMPTS

    def test_a_failed_start_past_its_deadline_settles_as_stopped(self, world: World) -> None:
        world.create(seconds=60)
        world.advance(10)
        world.stop("web")
        world.advance(10)
        world.cloud.cursed[world.row().provider_id or ""] = Forbidden("not allowed")
        world.start("web")
        world.advance(90)
        assert world.row().settled
        assert world.word() == "stopped (ttl)"


class TestTerminating:
    def test_not_found_proves_nothing_until_the_listing_agrees(self, world: World) -> None:
        world.create()
        world.advance(10)
        machine = world.row().provider_id
        assert machine
        world.cloud.cursed[machine] = NotFound("never heard of it")
        world.terminate("web")
        world.advance(30)
        assert world.row().closed_at is None
        world.cloud.cursed.clear()
        world.advance(40)
        assert world.at_cloud() is Observed.TERMINATED
        assert world.row().closed_at is not None


class TestLeases:
    def test_a_killed_worker_costs_one_lease(self, world: World) -> None:
        world.create()
        world.advance(10)
        world.stop("web")
        world.tamper(lease_token="somebody-dead", lease_until=world.now + timedelta(seconds=15))
        world.advance(10)
        assert world.at_cloud() is Observed.RUNNING
        world.advance(15)
        assert world.at_cloud() is Observed.STOPPED

    @pytest.mark.parametrize("beat", [True, False], ids=["settled by a listing", "taken by another worker"])
    def test_a_paused_worker_is_repaired_not_mistaken_for_an_outside_hand(self, world: World, beat: bool) -> None:
        """A worker pauses after its claim; the machine is woken meanwhile; then the paused worker's stop goes through."""
        world.create(seconds=600)
        world.advance(12)
        world.stop("web")
        world.beat = beat
        world.provider = paused = _Pausing(world)
        world.advance(0)
        assert paused.went_through
        world.beat = True
        world.advance(30)
        assert ("late answer" in world.kinds()) is not beat
        assert world.at_cloud() is Observed.RUNNING
        assert world.row().desired.value == "running"
        assert world.row().settled

    def test_a_launch_claimed_before_a_long_stop_of_its_worker_is_not_made_twice(self, world: World) -> None:
        """A cloud without tokens; the worker stops after its claim, another one launches, then the first one goes on."""
        world.cloud.idempotent = False
        world.provider.capabilities = replace(world.provider.capabilities, idempotent_launch=False)
        world.create()
        failpoints.armed = _Stall(world, Point.LAUNCH_CLAIM_COMMITTED, 90)  # type: ignore[assignment]
        world.advance(120)
        assert len(world.machines()) == 1
        assert world.row().settled

    def test_a_worker_that_wakes_after_the_deadline_launches_nothing(self, world: World) -> None:
        world.create(seconds=30)
        failpoints.armed = _Stall(world, Point.LAUNCH_CLAIM_COMMITTED, 60)  # type: ignore[assignment]
        world.advance(500)
        assert world.calls("launch") == []
        assert world.row().settled

    def test_credentials_of_another_account_change_nothing(self, world: World) -> None:
        world.create()
        world.advance(10)
        with world.ctx.begin() as connection:
            from sqlalchemy import text

            connection.execute(text("UPDATE scopes SET cloud_account = 'somebody-else'"))
        world.stop("web")
        world.advance(20)
        assert world.calls("stop") == []
        assert world.row().error_code == "forbidden"
        assert "somebody-else" in (world.row().error or "")


class _Stall:
    """At one failpoint the world goes on for a while without this worker."""

    def __init__(self, world: World, point: Point, seconds: float) -> None:
        self._world, self._point, self._seconds = world, point, seconds

    def at(self, point: Point, _of: str) -> None:
        if point is self._point:
            failpoints.armed = None
            self._world.advance(self._seconds)


class _Pausing:
    """A provider whose next stop is held up for longer than a lease, while the world goes on without it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._inner = world.provider
        self.went_through = False

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    def stop(self, scope: object, asked: list[object]) -> object:
        world = self._world
        world.provider = self._inner
        world.extend("web", seconds=60)
        world.advance(16)
        world.queue.ring(Task.EXTEND, [world.row().id])
        world.advance(4)
        assert world.row().settled
        self.went_through = True
        return self._inner.stop(scope, asked)
