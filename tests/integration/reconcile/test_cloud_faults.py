"""What EC2 does to us on a bad day, over HTTP: the real services and adapter against the stand-in, by a clock that tests move."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from im.domain.errors import error_for
from im.domain.state import Observed
from im.services.deadlines import holds
from im.services.health.alarms import standing
from im.views.exits import Exit, exit_of
from tests.standin.server import StandIn
from tests.standin_world import HANGS, Near, StandInWorld


@pytest.fixture
def world(database_url: str, ec2: StandIn, clients: Near, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandInWorld]:
    # botocore's own pauses between its retries pass in no time
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    made = StandInWorld(database_url, ec2, clients)
    yield made
    made.close()


def launched(world: StandInWorld) -> int:
    """How many machines RunInstances ever made."""
    return len(world.control.machines())


# ---- answers that do not come, or say no -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "status", "p"),
    [("RequestLimitExceeded", 503, 0.7), ("InternalError", 500, 0.7), ("ServiceUnavailable", 503, 1.0)],
    ids=["throttle storm", "5xx burst", "all of EC2 away"],
)
def test_a_minute_of_refusals_delays_and_fails_nobody(world: StandInWorld, code: str, status: int, p: float) -> None:
    """A deadline falls into it, and so do a create and a stop by hand."""
    world.create("due", seconds=50)
    world.create("stopped")
    world.advance(20)
    world.control.refuse("*", code, status=status, times=None, duration=60, p=p)
    world.create("new", count=3)
    world.stop("stopped")
    world.advance(60)
    world.advance(80)
    assert world.states() == ["running"] * 3 + ["stopped"] * 2
    assert launched(world) == 5
    assert [world.row(f"new-{n}").error_code for n in (1, 2, 3)] == [None] * 3
    assert (world.at_cloud("due"), world.at_cloud("stopped")) == (Observed.STOPPED, Observed.STOPPED)


@pytest.mark.sampled(every=3)
@pytest.mark.parametrize("action", ["RunInstances", "StopInstances", "StartInstances", "TerminateInstances"])
@pytest.mark.parametrize("fault", ["hung", "half", "late", "reply lost", "request lost"])
def test_an_answer_that_never_comes_whole_is_found_out(world: StandInWorld, action: str, fault: str) -> None:
    """Whatever became of the call, the machine is where it was asked to be, and there is one of it."""
    strike = {
        "hung": lambda: world.control.slow(action, HANGS),
        "half": lambda: world.control.truncate(action),
        "late": lambda: world.control.act_late(action, 20),
        "reply lost": lambda: world.control.lose_reply(action),
        "request lost": lambda: world.control.lose_request(action),
    }[fault]
    if action == "RunInstances":
        strike()
    world.create()
    world.advance(15)
    for asked, does in (
        ("StopInstances", world.stop),
        ("StartInstances", world.start),
        ("TerminateInstances", world.terminate),
    ):
        if asked == action:
            strike()
        does("web")
        world.advance(40)
        expected = {"StopInstances": "stopped", "StartInstances": "running", "TerminateInstances": "terminated"}[asked]
        assert world.row(world_id(world)).observed.value == expected
        assert [one["state"] for one in world.control.machines()] == [expected]
        if asked == action:
            break
    assert world.control.faults() == []


def world_id(world: StandInWorld) -> str:
    """Of the only row there is, closed or not."""
    from im.services import queries

    (row,) = queries.listing(world.ctx, everything=True).rows
    return row.id


@pytest.mark.parametrize("code", ["UnauthorizedOperation", "ExpiredToken", "AuthFailure"])
def test_credentials_that_end_midway_are_loud_and_all_is_done_when_they_are_back(
    world: StandInWorld, code: str
) -> None:
    world.create(seconds=60)
    world.advance(20)
    world.control.deny("*", code)
    world.advance(200)
    assert world.at_cloud() is Observed.RUNNING
    with world.ctx.begin() as connection:
        (alarm,) = [one for one in standing(connection, world.now) if one.machines]
    assert [row.name for row in alarm.machines] == ["web"]
    world.control.clear_faults()
    world.advance(100)
    assert world.at_cloud() is Observed.STOPPED
    assert world.row().settled


def test_a_quota_fails_with_its_own_exit_code_and_start_tries_again_when_it_was_raised(world: StandInWorld) -> None:
    world.create("one")
    world.advance(10)
    world.control.limits(instances=1)
    world.create("two")
    world.advance(60)
    row = world.row("two")
    assert row.failed
    assert row.error_code == "quota_exceeded"
    assert exit_of(error_for(row.error_code)("")) is Exit.LIMIT
    assert launched(world) == 1
    world.control.limits()
    world.start("two", seconds=600)
    world.advance(15)
    assert world.at_cloud("two") is Observed.RUNNING
    assert launched(world) == 2


# ---- states ----------------------------------------------------------------------------------------------------------


def test_a_start_while_it_is_stopping_comes_when_it_has_stopped(world: StandInWorld) -> None:
    world.control.configure(delays={"stop": 40})
    world.create()
    world.advance(15)
    world.stop("web")
    world.advance(5)
    assert world.at_cloud() is Observed.STOPPING
    world.start("web")
    world.advance(60)
    assert world.at_cloud() is Observed.RUNNING
    assert world.row().settled
    assert launched(world) == 1


def test_a_start_of_what_somebody_is_just_stopping_outside(world: StandInWorld) -> None:
    """We believe it stopped; the cloud refuses with IncorrectInstanceState until it is."""
    world.control.configure(delays={"start": 1, "stop": 30})
    world.create()
    world.advance(15)
    world.stop("web")
    world.advance(60)
    assert world.at_cloud() is Observed.STOPPED
    machine = world.row().provider_id or ""
    world.control.outside("start", machine)
    world.control.step(2)
    world.control.outside("stop", machine)
    world.start("web")
    world.advance(60)
    assert world.at_cloud() is Observed.RUNNING
    assert world.row().settled


def test_a_protected_machine_keeps_no_other_of_its_batch_alive(world: StandInWorld) -> None:
    world.create(count=5)
    world.advance(15)
    held = world.row("web-3").provider_id or ""
    world.control.protect(held, terminate=True)
    world.terminate(*[f"web-{n}" for n in range(1, 6)])
    world.advance(20)
    assert world.machines() == [held]
    assert world.row("web-3").error_code == "forbidden"
    assert "retrying" in world.word("web-3")
    world.control.protect(held, terminate=False)
    world.advance(75)
    assert world.machines() == []


@pytest.mark.parametrize("how", ["vanish", "terminate"])
def test_one_of_fifty_that_is_gone_keeps_no_other_running(world: StandInWorld, how: str) -> None:
    """EC2 refuses the whole batch for one id."""
    world.create(count=50, seconds=60)
    world.advance(40)
    gone = world.row("web-17").provider_id or ""
    world.control.outside(how, gone)
    world.advance(45)
    assert world.states() == ["stopped"] * 49


def test_a_newborn_that_is_not_found_for_a_while_is_neither_lost_nor_made_again(world: StandInWorld) -> None:
    world.control.configure(delays={"visible": 25})
    world.create(count=2)
    world.advance(60)
    assert world.states() == ["running"] * 2
    assert launched(world) == 2
    assert {world.row(f"web-{n}").observed for n in (1, 2)} == {Observed.RUNNING}


@pytest.mark.long
def test_more_than_a_thousand_machines_are_launched_seen_and_stopped(world: StandInWorld) -> None:
    world.ctx = world.another_worker(batch=500)
    world.create("many", count=1000, seconds=55)
    world.create("more", count=50, seconds=55)
    world.advance(40, tick=20)
    assert world.states() == ["running"] * 1050
    world.advance(40)  # a thousand at once, and what is more at the speed of EC2's bucket
    assert world.states() == ["stopped"] * 1050
    assert launched(world) == 1050
    assert len(world.control.calls("StopInstances")) <= 12


# ---- keys ------------------------------------------------------------------------------------------------------------


# ---- clocks ----------------------------------------------------------------------------------------------------------


def shift_the_database(world: StandInWorld, hours: int) -> None:
    """Its clock alone; the cloud's goes on as it did."""
    world._now += timedelta(hours=hours)


def test_a_database_whose_clock_is_an_hour_behind_holds_its_deadlines_loudly_until_it_is_right(
    world: StandInWorld,
) -> None:
    world.create(seconds=200)
    world.advance(24)
    shift_the_database(world, -1)
    world.advance(220)
    assert world.at_cloud() is Observed.RUNNING
    (held,) = holds.active(world.ctx)
    assert held.reason.endswith("is 3600 s ahead of the database's")
    shift_the_database(world, 1)
    world.advance(45)
    assert holds.active(world.ctx) == []
    assert world.at_cloud() is Observed.STOPPED


def test_a_database_whose_clock_is_an_hour_ahead_stops_nobody_early_once_a_listing_has_shown_it(
    world: StandInWorld,
) -> None:
    world.create(seconds=600)
    world.advance(34)
    shift_the_database(world, 1)
    world.advance(8)  # the refresh, before the tick of the deadlines
    world.advance(100)
    assert world.at_cloud() is Observed.RUNNING
    (held,) = holds.active(world.ctx)
    assert held.reason.endswith("is 3600 s behind the database's")
    shift_the_database(world, -1)
    world.advance(60)
    assert holds.active(world.ctx) == []
    assert world.at_cloud() is Observed.RUNNING
