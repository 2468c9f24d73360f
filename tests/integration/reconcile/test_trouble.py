"""What goes wrong between us and the cloud, and what must come of it: nothing lost, doubled, or given up in silence."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from im import failpoints
from im.domain.errors import Refused
from im.domain.lifecycle import MAX_ATTEMPTS, Ending, ending
from im.domain.state import Observed
from im.failpoints import Point
from im.providers.errors import (
    Ambiguous,
    Forbidden,
    InvalidSpec,
    NoCapacity,
    NotFound,
    NotThereYet,
    ProviderError,
    Throttled,
    Unauthenticated,
    Unsupported,
)
from im.queue.tasks import Task
from im.services.reconcile import scope as reconcile_scope
from tests.world import World


class TestLaunching:
    def test_what_was_made_just_now_is_waited_for(self, world: World) -> None:
        world.cloud.fail_next("launch", NotThereYet("no such profile"), times=3)
        world.create()
        world.advance(5)
        assert world.word() == "launching (invalid spec, retrying)"
        world.advance(20)
        assert world.word() == "running"
        assert len(world.machines()) == 1

    def test_what_is_not_there_after_half_a_minute_is_not_there(self, world: World) -> None:
        world.cloud.fail_next("launch", NotThereYet("no such profile"), times=99)
        world.create()
        world.advance(25)
        assert not world.row().failed
        world.advance(20)
        assert world.word() == "failed: invalid spec"
        assert world.kinds().count("launch failed") == 1
        world.advance(300)
        assert world.machines() == []
        assert world.word() == "failed: invalid spec"

    def test_a_lost_reply_is_resolved_by_looking_not_by_launching_again(self, world: World) -> None:
        world.cloud.idempotent = False
        world.cloud.fail_next("launch", Ambiguous("no answer"), after=True)
        world.create()
        world.advance(20)
        assert len(world.machines()) == 1
        assert len(world.calls("launch")) == 1
        assert world.row().settled

    def test_a_call_that_never_arrived_is_made_again_with_the_same_token(self, world: World) -> None:
        world.cloud.fail_next("launch", Ambiguous("no answer"))
        world.create()
        token = world.row().launch_token
        world.advance(20)
        assert len(world.machines()) == 1
        assert world.row().launch_token == token

    def test_a_lost_reply_and_a_blind_look_still_make_one_machine(self, world: World) -> None:
        world.cloud.visible_after = timedelta(seconds=5)
        world.cloud.fail_next("launch", Ambiguous("no answer"), after=True)
        world.create()
        world.advance(40)
        assert len(world.machines()) == 1
        assert world.row().settled

    def test_throttling_delays_and_shows_itself(self, world: World) -> None:
        world.cloud.fail_next("launch", Throttled("slow down"), times=2)
        world.create()
        world.advance(1)
        assert world.word() == "launching (throttled, retrying)"
        world.advance(20)
        assert world.word() == "running"
        assert len(world.machines()) == 1

    def test_no_capacity_is_a_definite_failure_and_stays_one(self, world: World) -> None:
        world.cloud.capacity["fake-1a"] = 0
        world.create()
        world.advance(5)
        assert ending(world.row(), 1) is Ending.FAILED
        assert world.word() == "failed: no capacity"
        world.cloud.capacity.clear()
        world.advance(60)
        assert world.machines() == []

    def test_start_opens_a_new_attempt_after_a_failed_launch(self, world: World) -> None:
        world.cloud.capacity["fake-1a"] = 0
        world.create(seconds=20)
        world.advance(40)
        world.cloud.capacity.clear()
        with pytest.raises(Refused, match="never launched"):
            world.extend("web", seconds=60)
        world.start("web", seconds=600)
        world.advance(10)
        assert world.at_cloud() is Observed.RUNNING
        assert len(world.machines()) == 1

    def test_a_failed_launch_can_be_removed_and_frees_its_name(self, world: World) -> None:
        world.cloud.capacity["fake-1a"] = 0
        world.create()
        world.advance(5)
        world.terminate("web")
        assert world.row().closed_at is not None
        world.cloud.capacity.clear()
        world.create()
        world.advance(10)
        assert len(world.machines()) == 1

    def test_nothing_is_launched_after_its_deadline(self, world: World) -> None:
        world.worker = False
        world.create(seconds=20)
        world.advance(60)
        world.worker = True
        world.advance(40)
        assert world.calls("launch") == []
        assert world.row().settled
        assert world.word() == "failed: expired"

    def test_an_unanswered_launch_past_its_deadline_is_found_and_stopped(self, world: World) -> None:
        world.cloud.visible_after = timedelta(seconds=30)
        world.cloud.fail_next("launch", Ambiguous("no answer"), after=True)
        world.cloud.fail_next("find", Throttled("slow down"), times=4)
        world.create(seconds=10)
        world.advance(120)
        assert len(world.machines()) == 1
        assert world.at_cloud() is Observed.STOPPED
        assert len(world.calls("launch")) == 1

    def test_an_unanswered_launch_that_never_was_settles_after_the_grace(self, world: World) -> None:
        world.cloud.fail_next("launch", Ambiguous("no answer"))
        world.cloud.fail_next("find", Throttled("slow down"), times=4)
        world.create(seconds=10)
        world.advance(200)
        assert world.machines() == []
        assert world.row().settled
        assert world.row().launch_token is None

    @pytest.mark.parametrize("refusal", [Unauthenticated, Forbidden, InvalidSpec, NoCapacity])
    def test_a_refusal_does_not_speak_for_an_earlier_call_that_went_unanswered(
        self, world: World, refusal: type[ProviderError]
    ) -> None:
        """The machine was made, the reply was lost, and the second try is refused before its token is even looked at."""
        world.cloud.visible_after = timedelta(seconds=4)  # within what the provider promises
        world.cloud.fail_next("launch", Ambiguous("no answer"), after=True)
        world.cloud.fail_next("launch", refusal("refused"), times=2)
        world.create()
        world.advance(60)
        assert world.row().provider_id in world.machines()
        assert len(world.machines()) == 1
        assert world.row().settled

    def test_refused_again_and_again_after_an_unanswered_call_it_fails_once_that_is_certain(self, world: World) -> None:
        world.cloud.fail_next("launch", Ambiguous("no answer"))
        world.cloud.fail_next("launch", Forbidden("not allowed"), times=50)
        world.create()
        world.advance(60)
        assert world.row().failed
        assert world.row().error_code == "forbidden"
        assert world.machines() == []

    def test_fewer_machines_than_asked_fill_up_by_a_new_launch(self, world: World) -> None:
        half = _Half(world.provider)
        world.provider = half
        world.create("web", count=4)
        world.advance(30)
        assert len(world.machines()) == 4
        assert {world.at_cloud(f"web-{n}") for n in range(1, 5)} == {Observed.RUNNING}

    def test_refused_credentials_say_so_and_end_nothing(self, world: World) -> None:
        world.cloud.fail_next("identity", Unauthenticated("who are you"))
        world.create()
        world.advance(1)
        assert not world.row().failed
        assert world.row().error_code == "unauthenticated"
        world.advance(20)
        assert world.at_cloud() is Observed.RUNNING


class _Half:
    """A cloud that makes two machines of however many are asked for."""

    def __init__(self, inner: object) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    def launch(self, scope: object, spec: object, *, token: str, slots: list[object]) -> object:
        return self._inner.launch(scope, spec, token=token, slots=slots[:2])  # type: ignore[attr-defined]


class TestStopping:
    def test_a_refused_stop_past_the_deadline_is_tried_for_ever(self, world: World) -> None:
        world.create(seconds=20)
        world.advance(10)
        machine = world.row().provider_id
        assert machine
        world.cloud.cursed[machine] = Forbidden("not allowed")
        world.advance(1200)
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


class TestMessages:
    def test_lost_messages_only_delay(self, world: World) -> None:
        world.create(seconds=120)
        world.lose_messages()
        world.advance(25)
        assert world.at_cloud() is Observed.RUNNING
        world.stop("web")
        world.lose_messages()
        world.advance(25)
        assert world.at_cloud() is Observed.STOPPED

    def test_a_broker_that_is_down_only_delays(self, world: World) -> None:
        world.queue.down = True
        created = world.create(seconds=120)
        assert created[0].generation == 1
        world.advance(5)
        world.queue.down = False
        world.advance(15)
        assert world.at_cloud() is Observed.RUNNING

    def test_a_doubled_message_changes_nothing(self, world: World) -> None:
        world.create()
        for _ in range(5):
            world.queue.ring(Task.CREATE, [world.row().id])
        world.advance(10)
        assert len(world.machines()) == 1

    def test_a_forged_message_does_only_what_rows_ask_for(self, world: World) -> None:
        world.create()
        world.advance(10)
        calls = len(world.cloud.calls)
        for task in (Task.STOP, Task.TERMINATE, Task.START, Task.ENFORCE_TTL):
            world.answer(task, [world.row().id, "im-0000000000", "; drop table instances"])
        world.advance(10)
        assert len(world.cloud.calls) == calls
        assert world.at_cloud() is Observed.RUNNING

    def test_without_beat_a_row_rung_for_still_settles(self, world: World) -> None:
        world.beat = False
        world.create(seconds=25)
        world.advance(35)
        assert world.at_cloud() is Observed.STOPPED

    def test_two_beats_change_nothing(self, world: World) -> None:
        world.create(seconds=65)
        for _ in range(9):
            world.advance(10)
            world.answer(Task.REFRESH)
            world.answer(Task.ENFORCE_TTL)
        assert len(world.calls("stop")) == 1
        assert world.at_cloud() is Observed.STOPPED


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


def test_what_was_done_is_told_in_a_sentence(world: World) -> None:
    row = world.create()[0]
    assert reconcile_scope.reconcile(world.ctx, [row.id]) == "web: launched 1"
    world.advance(10)
    world.cloud.fail_next("stop", Throttled("slow down"))
    world.worker = False
    world.stop("web")
    assert reconcile_scope.reconcile(world.ctx, [row.id]) == "web: stop refused (throttled), retry in 2 s"
