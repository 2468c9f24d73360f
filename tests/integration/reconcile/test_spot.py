"""Spot: the deadline holds for what the cloud may take back and give back, and nothing is left running after an end."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from im.domain.config.policy import OnInterruption, OnOrphan
from im.domain.errors import Refused
from im.domain.explain.why import why
from im.domain.lifecycle import Ending, ending
from im.domain.spec.spot import Spot
from im.domain.state import Desired, Observed, OnExpiry, Why
from im.failpoints import Point
from im.providers.errors import Ambiguous, Forbidden, ProviderError, Throttled, Unavailable
from im.services.refresh import orphans
from tests.people import person
from tests.world import World

ONCE, LASTING = Spot(once=True), Spot()


def running(world: World, name: str = "web", *, spot: Spot = LASTING, seconds: float = 3600) -> str:
    """The id of a spot machine that runs and is known to."""
    world.create(name, seconds=seconds, spot=spot)
    world.advance(10)
    row = world.row(name)
    assert (row.observed, row.settled) == (Observed.RUNNING, True)
    assert row.provider_id is not None
    return row.provider_id


def by_policy(world: World, choice: OnInterruption) -> None:
    world.ctx = replace(world.ctx, settings=replace(world.ctx.settings, on_interruption=choice))


def because(world: World, kind: str) -> str:
    return next(event.reason for event in world.story() if event.kind == kind)


def in_row(world: World, machine: str, column: str) -> Any:
    """What no domain object shows of the row that had this machine."""
    with world.ctx.begin() as connection:
        query = f"SELECT {column} FROM instances WHERE provider_id = :machine"
        return connection.execute(text(query), {"machine": machine}).scalar_one()


# ---- the deadline ----------------------------------------------------------------------------------------------------


def test_its_deadline_stops_it_and_an_extend_wakes_it(world: World) -> None:
    running(world, seconds=60)
    world.advance(70)
    assert (world.at_cloud(), world.word()) == (Observed.STOPPED, "stopped (ttl)")
    world.extend("web", seconds=600)
    world.advance(10)
    assert (world.at_cloud(), world.word()) == (Observed.RUNNING, "running")
    assert world.calls("cancel_spot") == []


def test_the_deadline_of_a_one_time_machine_terminates_it(world: World) -> None:
    running(world, seconds=60, spot=ONCE)
    assert world.row().on_expiry is OnExpiry.TERMINATE
    world.advance(80)
    assert world.machines() == []
    with pytest.raises(Refused, match="gone"):
        world.extend("web", seconds=600)


def test_somebody_cancels_its_request_in_the_console(world: World) -> None:
    """Nobody can stop it then: that is said for as long as it lasts, and a termination ends it."""
    running(world, seconds=30)
    world.cloud.spot.cancel(world.row().spot_request or "")
    world.advance(200)
    assert world.word() == "stopping (unsupported, retrying)"
    assert world.at_cloud() is Observed.RUNNING
    world.terminate("web")
    world.advance(20)
    assert world.machines() == []


def test_a_one_time_machine_is_not_stopped_by_hand(world: World) -> None:
    running(world, spot=ONCE)
    with pytest.raises(Refused, match="cannot be stopped, only terminated"):
        world.stop("web")


# ---- the end, and nothing after it -----------------------------------------------------------------------------------


@pytest.mark.parametrize("stopped", [False, True])
def test_its_request_is_cancelled_before_it_is_terminated(world: World, stopped: bool) -> None:
    machine = running(world)
    if stopped:
        world.stop("web")
        world.advance(10)
    world.terminate("web")
    world.advance(20)
    assert [call.verb for call in world.cloud.calls if call.verb in ("cancel_spot", "terminate")][:2] == [
        "cancel_spot",
        "terminate",
    ]
    assert world.machines() == []
    assert in_row(world, machine, "spot_over")


def test_machines_on_demand_are_terminated_by_one_call_as_ever(world: World) -> None:
    world.create("web", count=3)
    world.advance(10)
    world.terminate("web-1", "web-2", "web-3")
    world.advance(20)
    assert world.calls("cancel_spot") == []
    assert len(world.calls("terminate")) == 1


def test_the_second_stage_cancels_too(world: World) -> None:
    world.create("web", seconds=60, spot=LASTING, keep_stopped="5m")
    world.advance(420)
    assert world.machines() == []
    assert world.row().observed is Observed.TERMINATED


@pytest.mark.parametrize("error", [Throttled("slow down"), Forbidden("no right"), Unavailable("ill")])
def test_nothing_is_terminated_while_its_request_stands(world: World, error: ProviderError) -> None:
    """For it would come back, untagged and without a deadline; but what is not spot goes in the same breath."""
    machine = running(world)
    world.create("other")
    world.advance(10)
    world.cloud.fail_next("cancel_spot", error, times=3)
    world.terminate("web", "other")
    world.advance(4)
    assert (world.at_cloud("web"), world.at_cloud("other")) == (Observed.RUNNING, Observed.TERMINATED)
    assert world.row("web").error_code == error.code
    world.advance(40)
    assert world.machines() == []
    assert in_row(world, machine, "spot_over")


def test_a_cancellation_whose_answer_was_lost_is_repeated(world: World) -> None:
    running(world)
    world.cloud.fail_next("cancel_spot", Ambiguous("no answer"), after=True)
    world.terminate("web")
    world.advance(20)
    assert world.machines() == []


class Dies(BaseException):
    """The process is gone: nothing after this happens."""


@pytest.mark.parametrize("stopped", [False, True])
def test_killed_between_cancelling_and_terminating(
    world: World, monkeypatch: pytest.MonkeyPatch, stopped: bool
) -> None:
    running(world)
    if stopped:
        world.stop("web")
        world.advance(10)
    world.terminate("web")

    def die(point: Point, of: str = "") -> None:
        if point is Point.SPOT_CANCELLED:
            raise Dies

    with monkeypatch.context() as patched:
        patched.setattr("im.services.reconcile.spot_requests.reach", die)
        with pytest.raises(Dies):
            world.advance(1)
    assert world.calls("terminate") == []
    world.lose_messages()
    world.advance(40)
    assert world.machines() == []
    assert world.row().observed is Observed.TERMINATED


def test_somebody_terminates_it_in_the_console(world: World) -> None:
    """EC2 puts another in its place, which nobody watches: it becomes ours, with the row and the deadline of the one before."""
    machine = running(world)
    before = world.row()
    world.cloud.outside("terminate", machine)
    (heir,) = set(world.machines())
    assert heir != machine
    world.advance(200)
    row = world.row()
    assert (row.provider_id, row.observed, row.settled) == (heir, Observed.RUNNING, True)
    assert (row.id != before.id, row.owner, row.expires_at) == (True, before.owner, before.expires_at)
    assert orphans_listed(world) == []
    assert in_row(world, machine, "spot_over")
    world.advance((row.expires_at - world.now).total_seconds() + 40, step=2)
    assert world.machines() == []


def test_one_that_was_stopped_by_its_deadline_and_ended_outside_leaves_no_heir_running(world: World) -> None:
    machine = running(world, seconds=60)
    world.advance(90)
    assert world.word() == "stopped (ttl)"
    world.cloud.outside("terminate", machine)
    assert len(world.machines()) == 1
    world.advance(120)
    assert world.machines() == []


def test_what_came_back_can_be_ended_for_good(world: World) -> None:
    machine = running(world)
    world.ctx = replace(world.ctx, settings=replace(world.ctx.settings, on_orphan=OnOrphan.ADOPT))
    world.cloud.outside("terminate", machine)
    world.advance(200)
    (heir,) = world.machines()
    (name,) = names_of(world, heir)
    assert world.row(name).spec.market == "spot"
    world.terminate(name)
    world.advance(40)
    assert world.machines() == []


def test_a_request_that_cannot_be_cancelled_yet_is_tried_until_it_can(world: World) -> None:
    machine = running(world)
    world.cloud.fail_next("cancel_spot", Forbidden("no right"), times=2)
    world.cloud.vanish(machine)
    world.advance(100)
    assert world.word() == "vanished"
    assert not in_row(world, machine, "spot_over")
    world.advance(120)
    assert in_row(world, machine, "spot_over")


def test_an_adopted_spot_machine_is_one(world: World) -> None:
    machine = running(world)
    request = world.row().spot_request
    with world.ctx.begin() as connection:  # this database has forgotten it
        connection.execute(text("TRUNCATE instances CASCADE"))
    world.advance(130)
    assert orphans_listed(world) == [machine]
    world.ctx = replace(world.ctx, settings=replace(world.ctx.settings, on_orphan=OnOrphan.ADOPT))
    from im.domain.intent import Deadline
    from im.services.requests import adopt

    adopt.adopt_orphans(world.ctx, [machine], Deadline(by=timedelta(hours=1)), name="found", actor=person("ada"))
    world.advance(10)
    assert world.row("found").spot_request == request
    world.terminate("found")
    world.advance(40)
    assert world.machines() == []


# ---- taken back ------------------------------------------------------------------------------------------------------


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


# ---- replaced --------------------------------------------------------------------------------------------------------


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


# ---- what excludes what ----------------------------------------------------------------------------------------------


def test_a_spot_machine_is_not_protected(world: World) -> None:
    with pytest.raises(Refused, match="cannot be protected") as caught:
        world.create(spot=LASTING, protect=True)
    assert "--protect" in caught.value.hint
    running(world)
    with pytest.raises(Refused, match="it cannot be protected"):
        world.protect("web", on=True)


def test_a_one_time_machine_leaves_nothing_to_keep(world: World) -> None:
    with pytest.raises(Refused, match="nothing is left to keep"):
        world.create(spot=ONCE, keep_stopped="7d")


def orphans_listed(world: World) -> list[str]:
    with world.ctx.begin() as connection:
        return [one.seen.provider_id for one in orphans.orphans.listed(connection)]


def names_of(world: World, machine: str) -> list[str]:
    with world.ctx.begin() as connection:
        query = text("SELECT name FROM instances WHERE provider_id = :machine AND closed_at IS NULL")
        return list(connection.execute(query, {"machine": machine}).scalars())
