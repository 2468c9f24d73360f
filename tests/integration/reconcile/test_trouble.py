"""What goes wrong between us and the cloud, and what must come of it: nothing lost, doubled, or given up in silence."""

from __future__ import annotations

from datetime import timedelta

import pytest

from im.domain.errors import Refused
from im.domain.lifecycle import Ending, ending
from im.domain.state import Observed
from im.providers.errors import (
    Ambiguous,
    Forbidden,
    InvalidSpec,
    NoCapacity,
    NotThereYet,
    ProviderError,
    Throttled,
    Unauthenticated,
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


def test_what_was_done_is_told_in_a_sentence(world: World) -> None:
    row = world.create()[0]
    assert reconcile_scope.reconcile(world.ctx, [row.id]) == "web: launched 1"
    world.advance(10)
    world.cloud.fail_next("stop", Throttled("slow down"))
    world.worker = False
    world.stop("web")
    assert reconcile_scope.reconcile(world.ctx, [row.id]) == "web: stop refused (throttled), retry in 2 s"
