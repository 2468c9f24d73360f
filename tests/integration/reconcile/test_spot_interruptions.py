"""Spot machines that the cloud takes back: stopped and woken again, left, or replaced, as the policy says."""

from __future__ import annotations

from dataclasses import replace

from im.domain.config.policy import OnInterruption
from im.domain.explain.why import why
from im.domain.lifecycle import Ending, ending
from im.domain.state import Desired, Observed, Why
from tests.integration.reconcile.test_spot import ONCE, in_row, running
from tests.world import World


def by_policy(world: World, choice: OnInterruption) -> None:
    world.ctx = replace(world.ctx, settings=replace(world.ctx.settings, on_interruption=choice))


def because(world: World, kind: str) -> str:
    return next(event.reason for event in world.story() if event.kind == kind)


def test_taken_back_and_given_back_in_time(world: World) -> None:
    machine = running(world)
    world.cloud.spot.take_back(machine)
    world.advance(15)
    assert world.word() == "taken back by the cloud, waiting for room"
    assert world.row().desired is Desired.RUNNING
    assert "the cloud took this spot machine back, and starts it again when it has room" in because(
        world, "interrupted"
    )
    told = why(world.row(), world.now)
    assert "took this spot machine back" in told.because
    assert "outside" not in "".join(event.reason for event in world.story())
    world.advance(600)
    assert not world.row().failed, "nobody gives up while there is time"
    assert len(world.calls("start")) < 20, "and nobody hammers"
    world.cloud.spot.give_back(machine)
    world.advance(20)
    assert (world.word(), world.row().settled) == ("running", True)
    assert [kind for kind in world.kinds() if kind == "interrupted"] == ["interrupted"]


def test_given_back_after_its_deadline_it_is_stopped_again(world: World) -> None:
    machine = running(world, seconds=120)
    world.cloud.spot.take_back(machine)
    world.advance(150)
    assert world.word() == "stopped (ttl)"
    world.cloud.spot.give_back(machine)
    world.advance(60)
    assert (world.at_cloud(), world.word()) == (Observed.STOPPED, "stopped (ttl)")
    assert "the cloud started its spot machine again" in "".join(event.reason for event in world.story())
    assert "outside" not in "".join(event.reason for event in world.story())
    world.extend("web", seconds=600)
    world.advance(10)
    assert world.word() == "running", "we stopped it, so we may start it"


def test_left_stopped_by_policy(world: World) -> None:
    by_policy(world, OnInterruption.LEAVE)
    machine = running(world)
    world.cloud.spot.take_back(machine)
    world.advance(15)
    row = world.row()
    assert (row.desired, row.why, row.settled, world.word()) == (Desired.STOPPED, Why.SPOT, True, "stopped (spot)")
    assert "took this spot machine back" in why(row, world.now).because
    world.cloud.spot.give_back(machine)
    world.advance(40)
    assert world.at_cloud() is Observed.STOPPED
    assert "which is to stay stopped" in "".join(event.reason for event in world.story())


def test_stopped_by_a_person_while_it_was_away(world: World) -> None:
    machine = running(world)
    world.cloud.spot.take_back(machine)
    world.advance(15)
    world.stop("web")
    world.advance(10)
    assert world.word() == "stopped"
    world.cloud.spot.give_back(machine)
    world.advance(40)
    assert world.at_cloud() is Observed.STOPPED


def test_a_person_who_starts_it_is_told_what_it_waits_for(world: World) -> None:
    by_policy(world, OnInterruption.LEAVE)
    machine = running(world)
    world.cloud.spot.take_back(machine)
    world.advance(15)
    world.start("web")
    generation = world.row().generation
    world.advance(120)
    assert world.word() == "taken back by the cloud, waiting for room"
    assert world.row().error_code == "taken_back"
    world.cloud.spot.give_back(machine)
    world.advance(40)
    assert ending(world.row(), generation) is Ending.SETTLED
    assert world.word() == "running"


def test_terminated_while_it_was_away(world: World) -> None:
    machine = running(world)
    world.cloud.spot.take_back(machine)
    world.advance(15)
    world.terminate("web")
    world.advance(20)
    world.cloud.spot.give_back(machine)
    world.advance(40)
    assert world.machines() == []


def test_a_one_time_machine_that_was_taken_back_is_gone(world: World) -> None:
    machine = running(world, spot=ONCE)
    world.cloud.spot.take_back(machine)
    world.advance(60)
    assert (world.word(), world.row().why) == ("terminated (spot)", Why.SPOT)
    assert "interrupted" in world.kinds()
    assert "outside" not in because(world, "interrupted")
    assert world.machines() == []
    assert in_row(world, machine, "spot_over")


def test_taken_back_before_it_was_seen_to_run(world: World) -> None:
    world.create(spot=ONCE)
    world.advance(0)
    machine = world.row().provider_id
    assert machine is not None
    world.cloud.spot.take_back(machine)
    world.advance(20)
    assert (world.word(), world.row().why) == ("terminated (spot)", Why.SPOT)


def test_replaced_by_policy_until_the_same_deadline(world: World) -> None:
    by_policy(world, OnInterruption.REPLACE)
    machine = running(world, spot=ONCE, seconds=600)
    first = world.row()
    world.cloud.spot.take_back(machine)
    world.advance(60)
    second = world.row()
    assert (second.id != first.id, second.name, world.word()) == (True, "web", "running")
    assert (second.expires_at, second.on_expiry, second.spec) == (first.expires_at, first.on_expiry, first.spec)
    assert in_row(world, machine, "replaced_by") == second.id
    world.advance(200)
    assert len(world.machines()) == 1, "once"
    world.advance(400)
    assert world.machines() == []


def test_replaced_once_however_often_it_is_looked_at(world: World) -> None:
    by_policy(world, OnInterruption.REPLACE)
    ids = [running(world, name, spot=ONCE) for name in ("web", "db")]
    for one in ids:
        world.cloud.spot.take_back(one)
    world.advance(300)
    assert len(world.machines()) == 2
    assert len(world.calls("launch")) == 4


def test_not_replaced_after_its_deadline_nor_when_nobody_wants_it(world: World) -> None:
    by_policy(world, OnInterruption.REPLACE)
    late, unwanted = running(world, "late", spot=ONCE, seconds=20), running(world, "unwanted", spot=ONCE)
    world.worker = False
    world.cloud.spot.take_back(late)
    world.cloud.spot.take_back(unwanted)
    world.terminate("unwanted")
    world.advance(30)
    world.worker = True
    world.advance(60)
    assert world.machines() == []


def test_not_replaced_without_the_policy_and_not_when_it_is_set_later(world: World) -> None:
    world.cloud.spot.take_back(running(world, spot=ONCE, seconds=7200))
    world.advance(700)
    by_policy(world, OnInterruption.REPLACE)
    world.advance(60)
    assert world.machines() == []


def test_not_replaced_under_a_name_that_somebody_took(world: World) -> None:
    by_policy(world, OnInterruption.REPLACE)
    machine = running(world, spot=ONCE)
    world.cloud.spot.take_back(machine)
    world.advance(4)
    world.tamper(observed="terminated", closed_at=world.now, why="spot", interrupted_at=world.now, desired="terminated")
    world.create("web")
    world.advance(60)
    assert len(world.machines()) == 1
    assert "name" in in_row(world, machine, "replaced_by")
