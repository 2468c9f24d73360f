"""Spot: the deadline holds for what the cloud may take back and give back, and nothing is left running after an end."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from im.domain.config.policy import OnOrphan
from im.domain.errors import Refused
from im.domain.spec.spot import Spot
from im.domain.state import Observed, OnExpiry
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
    (successor,) = set(world.machines())
    assert successor != machine
    world.advance(200)
    row = world.row()
    assert (row.provider_id, row.observed, row.settled) == (successor, Observed.RUNNING, True)
    assert (row.id != before.id, row.owner, row.expires_at) == (True, before.owner, before.expires_at)
    assert orphans_listed(world) == []
    assert in_row(world, machine, "spot_over")
    world.advance((row.expires_at - world.now).total_seconds() + 40, tick=30)
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
    (successor,) = world.machines()
    (name,) = names_of(world, successor)
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


# ---- replaced --------------------------------------------------------------------------------------------------------


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
