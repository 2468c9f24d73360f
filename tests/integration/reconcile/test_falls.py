"""Accepted is not done, and not every end is somebody's: starts and launches that come to nothing, guests, and the cloud itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import pytest
from sqlalchemy import text

from im.domain.explain.why import why
from im.domain.instance import Instance
from im.domain.spec.spot import Spot
from im.domain.state import Desired, Observed, Why
from im.services import queries
from im.services.health.doctor_fleet import starts
from im.services.health.metrics import exposition
from im.services.requests.ending import _failed, _superseded
from im.views.exits import Exit, exit_of
from tests.standin.server import StandIn
from tests.standin_world import ASK, Near, StandInWorld

KMS = "Client.InternalError"
KMS_SAYS = "Client.InternalError: Client error on launch"


@pytest.fixture
def world(database_url: str, ec2: StandIn, clients: Near, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandInWorld]:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    made = StandInWorld(database_url, ec2, clients)
    yield made
    made.close()


def only(world: StandInWorld) -> Instance:
    """The only row there is, closed or not."""
    (row,) = queries.listing(world.ctx, everything=True).rows
    return row


def asleep(world: StandInWorld) -> str:
    """The id of a machine that was stopped by hand."""
    world.create()
    world.advance(15)
    world.stop("web")
    world.advance(15)
    machine = world.row().provider_id
    assert machine is not None
    assert world.row().settled
    return machine


# ---- a start that was accepted and came to nothing -------------------------------------------------------------------


def test_a_start_that_falls_back_every_time_is_given_up_after_eight_with_the_clouds_reason(world: StandInWorld) -> None:
    world.control.fall_back(asleep(world), code=KMS, message=KMS_SAYS, times=100)
    before = len(world.control.calls("StartInstances"))
    world.start("web", seconds=1800)
    world.advance(500)
    row = world.row()
    assert len(world.control.calls("StartInstances")) - before == 8
    assert (row.failed, row.settled, row.error_code) == (True, False, "did_not_start")
    assert KMS_SAYS in (row.error or "")
    assert "kms:CreateGrant" in (row.error or "")
    assert world.word() == "stopped, failed: did not start"
    assert KMS_SAYS in why(row, world.now).because
    assert exit_of(_failed(row)) is Exit.FAILURE
    assert 'im_unsettled{state="failed"} 1.0' in exposition(world.ctx)
    with world.ctx.begin() as connection:
        (told,) = starts(connection, world.now)
    assert (told.ok, told.detail) == (False, "given up: web (did not start)")
    assert "im why web" in told.fix


@pytest.mark.long
def test_the_pauses_between_such_starts_grow_and_each_is_told_once(world: StandInWorld) -> None:
    world.control.fall_back(asleep(world), code=KMS, message=KMS_SAYS, times=100)
    world.start("web", seconds=1800)
    world.advance(500)
    at = [call["at"] for call in world.control.calls("StartInstances")][-8:]
    pauses = [later - earlier for earlier, later in pairwise(at)]
    # an attempt begins when its pause is over, or with beat's next tick: so each is held to the one before the last
    assert all(earlier < later for earlier, later in zip(pauses, pauses[2:], strict=False))
    assert pauses[-1] >= 60
    kinds = world.kinds()
    assert (kinds.count("fell back"), kinds.count("failed")) == (7, 1)


def test_while_it_waits_for_the_next_attempt_it_says_why(world: StandInWorld) -> None:
    world.control.fall_back(asleep(world), code=KMS, message=KMS_SAYS, times=4)
    world.start("web", seconds=1800)
    told = {}
    for _ in range(15):
        world.advance(2)
        told[world.word()] = why(world.row(), world.now).because
    assert KMS_SAYS in told["starting (did not start, retrying)"]
    world.advance(120)
    assert (world.word(), world.row().attempts) == ("running", 0)


@pytest.mark.long
def test_a_start_without_room_is_no_capacity(world: StandInWorld) -> None:
    world.control.fall_back(asleep(world), code="Server.InsufficientInstanceCapacity", times=100)
    world.start("web", seconds=1800)
    world.advance(500)
    assert world.word() == "stopped, failed: no capacity"
    assert exit_of(_failed(world.row())) is Exit.CAPACITY


def test_a_start_against_a_quota_is_not_tried_eight_times(world: StandInWorld) -> None:
    world.control.fall_back(asleep(world), code="Client.VolumeLimitExceeded", times=100)
    world.start("web", seconds=1800)
    world.advance(60)
    assert world.word() == "stopped, failed: quota exceeded"
    assert exit_of(_failed(world.row())) is Exit.LIMIT


def test_a_start_that_failed_can_be_asked_for_again(world: StandInWorld) -> None:
    world.control.fall_back(asleep(world), code="Client.VolumeLimitExceeded")
    world.start("web", seconds=1800)
    world.advance(30)
    world.start("web")
    world.advance(30)
    assert world.word() == "running"


def test_starts_that_failed_cost_no_running_time(world: StandInWorld) -> None:
    machine = asleep(world)
    runs = text("SELECT count(*) FROM usage WHERE kind = 'run'")
    world.control.fall_back(machine, code=KMS, message=KMS_SAYS, times=100)
    world.start("web", seconds=1800)
    world.advance(500)
    with world.ctx.begin() as connection:
        assert connection.execute(runs).scalar_one() == 1


# ---- a launch whose machine ends before it ever ran ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "word", "exits"),
    [
        ("Client.VolumeLimitExceeded", "failed: quota exceeded", Exit.LIMIT),
        (KMS, "failed: did not start", Exit.FAILURE),
        ("Server.InternalError", "failed: did not start", Exit.FAILURE),
        ("Server.InsufficientInstanceCapacity", "failed: no capacity", Exit.CAPACITY),
        ("Client.InvalidSnapshot.NotFound", "failed: invalid spec", Exit.USAGE),
        ("Client.SomethingNew", "failed: did not start", Exit.FAILURE),
    ],
)
def test_a_machine_that_ends_before_it_ran_is_a_failed_launch_with_the_clouds_reason(
    world: StandInWorld, code: str, word: str, exits: Exit
) -> None:
    world.control.doom(code, f"{code}: the cloud's own words")
    world.create()
    world.advance(40)
    row = world.row()
    assert (world.word(), row.failed, row.provider_id, row.closed_at) == (word, True, None, None)
    assert "the cloud's own words" in (row.error or "")
    assert exit_of(_failed(row)) is exits
    assert "somebody" not in why(row, world.now).because
    assert "launch failed" in world.kinds()


def test_where_the_cloud_had_no_room_the_next_place_is_tried(world: StandInWorld) -> None:
    world.control.doom("Server.InsufficientInstanceCapacity", times=2)
    world.create(ask=replace(ASK, zone="any"))
    world.advance(60)
    row = world.row()
    assert (row.observed, row.settled, row.zone) == (Observed.RUNNING, True, "us-east-1c")
    assert sorted(one["state"] for one in world.control.machines()) == ["running", "terminated", "terminated"]


def test_of_several_only_those_that_never_ran_are_launched_elsewhere(world: StandInWorld) -> None:
    world.control.doom("Server.InsufficientInstanceCapacity", times=1)
    world.create(ask=replace(ASK, zone="us-east-1a,us-east-1b"), count=3)
    world.advance(60)
    zones = sorted(world.row(f"web-{n}").zone for n in (1, 2, 3))
    assert zones == ["us-east-1a", "us-east-1a", "us-east-1b"]


def test_its_user_data_is_kept_for_the_next_place_and_erased_once_it_runs(world: StandInWorld) -> None:
    world.control.doom("Server.InsufficientInstanceCapacity")
    world.create(ask=replace(ASK, zone="us-east-1a,us-east-1b", user_data=b"#!/bin/sh\n"))
    world.advance(60)
    assert world.row().zone == "us-east-1b"
    with world.ctx.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM user_data")).scalar_one() == 0


def test_a_failed_launch_is_tried_again_by_start_and_both_disks_are_in_the_books(world: StandInWorld) -> None:
    world.control.doom(KMS, KMS_SAYS)
    world.create()
    world.advance(40)
    world.start("web")
    world.advance(40)
    assert world.word() == "running"
    with world.ctx.begin() as connection:
        kinds = text("SELECT kind, ended_at IS NULL FROM usage ORDER BY kind, number")
        assert [tuple(row) for row in connection.execute(kinds)] == [("disk", False), ("disk", True), ("run", True)]


def test_a_persistent_spot_machine_that_never_ran_is_closed_with_the_reason(world: StandInWorld) -> None:
    """Its request could bring another one, so it ends with the row."""
    world.control.doom("Server.InsufficientInstanceCapacity")
    world.create(ask=replace(ASK, spot=Spot()))
    world.advance(40)
    row = only(world)
    assert (row.why, row.closed_at is not None) == (Why.CLOUD, True)
    assert exit_of(_superseded(row)) is Exit.CAPACITY


# ---- ends that nobody asked for, each by its name --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("does", "reason", "whose", "word", "told"),
    [
        ("shutdown", None, Why.GUEST, "stopped (guest)", "its guest shut it down"),
        ("retire", None, Why.RETIRED, "stopped (retired)", "retire or maintain its hardware"),
        ("stop", ("Server.InternalError", "Server.InternalError: host failed"), Why.CLOUD, "stopped (cloud)", "host failed"),
        ("stop", None, Why.OUTSIDE, "stopped outside", "somebody stopped it"),
    ],
)  # fmt: skip
def test_who_stopped_it_is_called_by_its_name(
    world: StandInWorld, does: str, reason: tuple[str, str] | None, whose: Why, word: str, told: str
) -> None:
    world.create()
    world.advance(20)
    machine = world.row().provider_id or ""
    world.control.outside(does, machine, **({"reason": reason} if reason else {}))
    world.advance(60)
    row = world.row()
    assert (row.desired, row.why, world.word()) == (Desired.STOPPED, whose, word)
    assert told in why(row, world.now).because


@pytest.mark.parametrize(
    ("reason", "whose", "word", "told"),
    [
        (("Client.InstanceInitiatedShutdown", "Instance initiated shutdown"), Why.GUEST, "terminated (guest)", "guest"),
        (("Server.InternalError", "host failed"), Why.CLOUD, "terminated (cloud)", "host failed"),
        (None, Why.OUTSIDE, "terminated outside", "somebody"),
    ],
)
def test_who_ended_it_is_called_by_its_name(
    world: StandInWorld, reason: tuple[str, str] | None, whose: Why, word: str, told: str
) -> None:
    world.create()
    world.advance(20)
    world.control.outside("terminate", world.row().provider_id or "", **({"reason": reason} if reason else {}))
    world.advance(40)
    row = only(world)
    assert (row.why, row.closed_at is not None) == (whose, True)
    assert told in why(row, world.now).because


def test_a_guests_shutdown_is_not_taken_for_a_late_stop_of_ours(world: StandInWorld) -> None:
    world.create()
    world.advance(20)
    world.tamper(unsure='{"stop": "2030-01-01T12:00:10+00:00"}')
    world.control.outside("shutdown", world.row().provider_id or "")
    world.advance(60)
    assert (world.row().why, world.row().desired) == (Why.GUEST, Desired.STOPPED)


def test_a_stop_that_was_accepted_is_not_done_either(world: StandInWorld) -> None:
    """An attempt counts until the machine was seen stopped, so the pauses grow; it is never given up."""
    world.create()
    world.advance(20)
    world.stop("web")
    world.tamper(observed="stopping", attempts=5, settled_generation=1)
    world.lose_messages()
    world.advance(10)
    assert "fell back" in world.kinds()
    world.advance(60)
    assert world.word() == "stopped"
