"""The main road: created, watched, stopped in time, woken again when extended."""

from __future__ import annotations

from datetime import timedelta

import pytest

from im.domain.errors import NoSuchInstance, Refused
from im.domain.state import Desired, Observed, Why
from im.providers.errors import Throttled
from tests.world import START, World


def test_a_created_instance_is_launched_once_and_seen_running(world: World) -> None:
    world.create()
    world.advance(10)

    row = world.row()
    assert row.settled
    assert row.observed is Observed.RUNNING
    assert row.public_ip is not None
    assert world.at_cloud() is Observed.RUNNING
    assert len(world.calls("launch")) == 1
    assert world.kinds() == ["create requested", "launch sent", "launched", "running"]


def test_an_instance_past_its_deadline_is_stopped_once_within_a_second(world: World) -> None:
    world.create(seconds=45)
    world.advance(45)
    assert world.calls("stop") == []

    world.advance(1)

    (stop,) = [c for c in world.cloud.calls if c.verb == "stop"]
    assert stop.at - START <= timedelta(seconds=46)
    world.advance(10)
    assert world.word() == "stopped (ttl)"
    assert world.at_cloud() is Observed.STOPPED
    assert len(world.calls("stop")) == 1


def test_extending_a_stopped_instance_wakes_it(world: World) -> None:
    world.create(seconds=20)
    world.advance(40)
    assert world.at_cloud() is Observed.STOPPED

    world.extend("web", seconds=60)
    world.advance(10)

    assert world.at_cloud() is Observed.RUNNING
    assert world.row().settled
    assert world.row().expires_at == START + timedelta(seconds=40 + 60)


def test_extending_a_stopped_instance_without_start_leaves_it_asleep(world: World) -> None:
    world.create(seconds=20)
    world.advance(40)
    world.extend("web", seconds=60, start=False)
    world.advance(20)
    assert world.at_cloud() is Observed.STOPPED
    assert world.row().expires_at == START + timedelta(seconds=100)


def test_extending_a_running_instance_adds_to_its_deadline(world: World) -> None:
    world.create(seconds=60)
    world.advance(10)
    world.extend("web", seconds=120)
    world.advance(100)
    assert world.at_cloud() is Observed.RUNNING
    world.advance(80)
    assert world.at_cloud() is Observed.STOPPED
    assert len(world.calls("stop")) == 1


def test_an_extend_one_second_before_the_deadline_holds_though_every_worker_is_down(world: World) -> None:
    world.create(seconds=60)
    world.advance(59)
    world.worker = False
    world.extend("web", seconds=60)
    world.advance(20)
    world.worker = True
    world.advance(5)
    assert world.calls("stop") == []
    assert world.at_cloud() is Observed.RUNNING


def test_stopped_by_hand_then_started_then_terminated(world: World) -> None:
    world.create()
    world.advance(10)
    world.stop("web")
    world.advance(10)
    assert world.at_cloud() is Observed.STOPPED
    assert world.word() == "stopped"
    world.start("web")
    world.advance(10)
    assert world.at_cloud() is Observed.RUNNING
    world.terminate("web")
    world.advance(10)
    assert world.at_cloud() is Observed.TERMINATED
    assert world.row().closed_at is not None
    assert world.word() == "terminated"


def test_many_at_once_are_one_call_each_way(world: World) -> None:
    world.create("web", count=20, seconds=60)
    world.advance(75)
    assert [len(ids) for ids in world.calls("launch")] == [20]
    assert [len(ids) for ids in world.calls("stop")] == [20]
    assert all(world.at_cloud(f"web-{n}") is Observed.STOPPED for n in range(1, 21))


def test_machines_of_one_launch_carry_their_names(world: World) -> None:
    world.create("web", count=3)
    world.advance(5)
    tags = {s.tags["Name"]: s.tags["im:instance"] for s in world.cloud.listing("fake-1", {}).sightings}
    assert tags == {f"web-{n}": world.row(f"web-{n}").id for n in (1, 2, 3)}


def test_names_that_could_not_be_tagged_at_once_are_tagged_later(world: World) -> None:
    world.cloud.visible_after = timedelta(seconds=4)
    world.create("web", count=3)
    world.advance(1)
    world.cloud.fail_next("label", Throttled("slow down"))
    world.advance(25)
    tags = {s.tags.get("Name") for s in world.cloud.listing("fake-1", {}).sightings}
    assert tags == {"web-1", "web-2", "web-3"}


def test_a_taken_name_is_refused_and_nothing_is_written(world: World) -> None:
    world.create("web")
    with pytest.raises(Refused, match="the name web is taken"):
        world.create("web")
    world.advance(10)
    assert len(world.machines()) == 1


def test_a_name_is_free_again_once_its_machine_is_gone(world: World) -> None:
    world.create("web")
    world.advance(10)
    world.terminate("web")
    world.advance(10)
    world.create("web")
    world.advance(10)
    assert world.at_cloud() is Observed.RUNNING
    assert len(world.machines()) == 1


def test_a_request_for_several_changes_all_or_none(world: World) -> None:
    world.create("one")
    world.create("two")
    world.advance(10)
    world.terminate("two")
    world.advance(10)
    before = world.row("one")
    with pytest.raises(Refused, match="two is gone"):
        world.extend("one", "two", seconds=60)
    assert world.row("one") == before


def test_an_unknown_name_says_which_is_near(world: World) -> None:
    world.create("web-server")
    with pytest.raises(NoSuchInstance, match="web-sever") as caught:
        world.row("web-sever")
    assert caught.value.hint == "did you mean web-server?"


class TestTheNewestIntentWins:
    def test_stop_during_create(self, world: World) -> None:
        world.create()
        world.advance(1)
        assert world.at_cloud() is Observed.PENDING
        world.stop("web")
        world.advance(12)
        assert world.at_cloud() is Observed.STOPPED
        assert world.row().settled

    def test_stop_before_the_launch_was_called_launches_nothing(self, world: World) -> None:
        world.worker = False
        world.create()
        world.stop("web")
        world.worker = True
        world.advance(10)
        assert world.machines() == []
        assert world.row().settled
        assert world.word() == "cancelled"

    def test_start_after_a_cancelled_launch_opens_a_new_one(self, world: World) -> None:
        world.worker = False
        world.create()
        world.stop("web")
        world.worker = True
        world.advance(10)
        world.start("web")
        world.advance(10)
        assert world.at_cloud() is Observed.RUNNING
        assert len(world.machines()) == 1

    def test_extend_during_the_stop_at_the_deadline(self, world: World) -> None:
        world.create(seconds=20)
        world.advance(21)
        assert world.at_cloud() is Observed.STOPPING
        world.extend("web", seconds=120)
        world.advance(15)
        assert world.at_cloud() is Observed.RUNNING
        assert world.row().settled

    def test_terminate_absorbs(self, world: World) -> None:
        world.create()
        world.advance(10)
        world.worker = False
        world.terminate("web")
        with pytest.raises(Refused, match="being terminated"):
            world.extend("web", seconds=60)
        with pytest.raises(Refused, match="being terminated"):
            world.start("web")
        world.worker = True
        world.advance(10)
        assert world.row().desired is Desired.TERMINATED

    def test_the_deadline_never_weakens_a_termination(self, world: World) -> None:
        world.create(seconds=20)
        world.advance(10)
        world.worker = False
        world.terminate("web")
        world.advance(30)
        world.worker = True
        world.advance(15)
        assert world.at_cloud() is Observed.TERMINATED
        assert world.row().why is Why.USER
        assert world.calls("stop") == []
