"""What its TTL has stopped is kept for a while, then terminated; what a person does cancels that."""

from __future__ import annotations

from datetime import timedelta

import pytest

from im.domain.state import Desired, Observed, Why
from im.services.deadlines import holds
from im.services.refresh.sweep import sweep_if_stale
from tests.integration.deadlines.second_stage import asleep, sleep_on
from tests.people import person
from tests.world import World

DAY = 86_400


def test_what_its_ttl_stopped_is_terminated_when_it_was_kept_long_enough(world: World) -> None:
    asleep(world, keep="1d")
    row = world.row()
    assert row.ends_at is not None
    assert row.ends_at - row.observed_at == timedelta(days=1), (
        "it counts from when it was seen stopped, not from the TTL"
    )
    assert row.observed_at > row.expires_at
    sleep_on(world, DAY - 120)
    assert world.at_cloud() is Observed.STOPPED
    sleep_on(world, 180)
    assert world.row().observed is Observed.TERMINATED
    assert world.word() == "terminated"
    assert [k for k in world.kinds() if k in ("expired", "end dated", "kept long enough")] == [
        "expired",
        "end dated",
        "kept long enough",
    ]
    assert len(world.calls("terminate")) == 1


def test_without_being_asked_nothing_is_ever_terminated(world: World) -> None:
    world.create(seconds=60)
    world.advance(120)
    sleep_on(world, 400 * DAY)
    assert world.at_cloud() is Observed.STOPPED
    assert world.calls("terminate") == []


def test_the_settings_say_what_is_usual_and_a_request_may_say_otherwise(world: World) -> None:
    ctx = world.another_worker(keep_stopped="2h")
    world.ctx = ctx
    world.create("usual")
    world.create("other", keep_stopped="forever")
    assert world.row("usual").keep_stopped == timedelta(hours=2)
    assert world.row("other").keep_stopped is None
    assert "kept stopped for 2h and terminated" in world.story("usual")[0].reason, "never silent"


@pytest.mark.parametrize("how", ["extend", "start", "extend without start"])
def test_an_extend_or_a_start_cancels_the_end_and_the_next_ttl_dates_a_new_one(world: World, how: str) -> None:
    asleep(world, keep="1h")
    first = world.row().ends_at
    assert first is not None
    if how == "start":
        world.start("web", seconds=7200)
    else:
        world.extend("web", seconds=7200, start=how == "extend")
    assert world.row().ends_at is None
    sleep_on(world, 3700)
    assert world.at_cloud() is (Observed.STOPPED if how == "extend without start" else Observed.RUNNING)
    sleep_on(world, 3700)
    again = world.row().ends_at
    assert again is not None
    assert again >= world.row().expires_at + timedelta(hours=1) > first
    sleep_on(world, 3700)
    assert world.row().observed is Observed.TERMINATED


def test_a_machine_stopped_by_hand_is_kept(world: World) -> None:
    world.create(seconds=600, keep_stopped="1h")
    world.advance(10)
    world.stop("web")
    sleep_on(world, 3 * DAY)
    assert world.at_cloud() is Observed.STOPPED
    assert world.row().ends_at is None


def test_stopping_what_its_ttl_has_stopped_changes_nothing_about_its_end(world: World) -> None:
    asleep(world, keep="1h")
    dated = world.row().ends_at
    world.stop("web")
    world.advance(45)
    assert (world.row().ends_at, world.row().why) == (dated, Why.TTL)
    sleep_on(world, 3700)
    assert world.row().observed is Observed.TERMINATED


def test_a_machine_woken_outside_is_stopped_again_and_counted_anew(world: World) -> None:
    asleep(world, keep="1h")
    first, machine = world.row().ends_at, world.row().provider_id
    sleep_on(world, 1800)
    assert machine is not None
    world.cloud.outside("start", machine)
    world.advance(120)
    assert world.at_cloud() is Observed.STOPPED
    again = world.row().ends_at
    assert first is not None
    assert again is not None
    assert again > first + timedelta(minutes=25)


def test_a_pause_holds_the_end_and_a_resume_lets_it_come(world: World) -> None:
    asleep(world, keep="1h")
    sleep_on(world, 3000)
    holds.pause(world.ctx, timedelta(hours=2), actor=person("ada"), reason="incident")
    sleep_on(world, 3600)
    assert world.at_cloud() is Observed.STOPPED
    holds.resume(world.ctx, actor=person("ada"))
    world.advance(60)
    assert world.row().observed is Observed.TERMINATED


def test_a_clock_that_cannot_be_trusted_holds_the_end(world: World) -> None:
    asleep(world, keep="1h")
    sleep_on(world, 3000)
    honest = world.cloud.clock
    world.cloud.clock = lambda: honest() + timedelta(minutes=5)
    world.advance(20)
    sleep_on(world, 3600)
    assert world.calls("terminate") == []
    world.cloud.clock = honest
    world.advance(60)
    assert world.row().observed is Observed.TERMINATED


def test_the_end_comes_without_a_beat_too(world: World) -> None:
    asleep(world, keep="1h")
    world.beat = False
    world.now += timedelta(seconds=3700)
    sweep_if_stale(world.ctx)
    world.advance(30)
    sweep_if_stale(world.ctx)
    assert world.row().desired is Desired.TERMINATED
    assert world.cloud.calls[-1].verb == "terminate"
