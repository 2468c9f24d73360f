"""Other hands at the cloud: what is adopted, what is undone, what is only written down."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text

from im.domain.lifecycle import YOUNG
from im.domain.state import Desired, Observed, Why
from im.providers.errors import Unavailable
from im.services import queries
from tests.world import World


def _machine(world: World) -> str:
    machine = world.row().provider_id
    assert machine is not None
    return machine


def test_stopped_outside_is_recorded_not_fought(world: World) -> None:
    world.create()
    world.advance(10)
    world.cloud.outside("stop", _machine(world))
    world.advance(60)
    assert world.at_cloud() is Observed.STOPPED
    assert world.word() == "stopped outside"
    assert world.row().settled
    assert world.calls("start") == []


def test_extend_wakes_what_was_stopped_outside(world: World) -> None:
    world.create()
    world.advance(10)
    world.cloud.outside("stop", _machine(world))
    world.advance(60)
    world.extend("web", seconds=60)
    world.advance(10)
    assert world.at_cloud() is Observed.RUNNING


def test_one_listing_is_not_enough_to_adopt(world: World) -> None:
    world.create()
    world.advance(12)
    world.cloud.outside("stop", _machine(world))
    world.advance(9)  # one listing
    assert world.row().desired is Desired.RUNNING
    assert world.row().drift_since is not None
    world.advance(10)  # the second
    assert world.row().desired is Desired.STOPPED
    assert world.row().why is Why.OUTSIDE


def test_started_outside_with_time_left_is_adopted(world: World) -> None:
    world.create(seconds=600)
    world.advance(10)
    world.stop("web")
    world.advance(10)
    world.cloud.outside("start", _machine(world))
    world.advance(40)
    assert world.row().desired is Desired.RUNNING
    assert world.word() == "running"
    world.advance(600)
    assert world.at_cloud() is Observed.STOPPED


def test_started_outside_after_its_deadline_is_stopped_again(world: World) -> None:
    world.create(seconds=20)
    world.advance(40)
    for _ in range(3):
        world.cloud.outside("start", _machine(world))
        world.advance(60)
        assert world.at_cloud() is Observed.STOPPED
    assert len(world.calls("stop")) == 4


def test_terminated_outside_is_recorded_and_closed(world: World) -> None:
    world.create()
    world.advance(10)
    world.cloud.outside("terminate", _machine(world))
    world.advance(30)
    assert world.row().observed is Observed.TERMINATED
    assert world.row().closed_at is not None
    assert world.word() == "terminated outside"


def test_vanished_needs_two_listings_a_look_and_an_age(world: World) -> None:
    world.create()
    world.advance(5)
    world.cloud.vanish(_machine(world))
    world.advance(YOUNG.total_seconds() - 10)
    assert world.row().closed_at is None
    world.advance(40)
    assert world.word() == "vanished"
    assert world.row().closed_at is not None


def test_an_incomplete_listing_proves_nothing(world: World) -> None:
    world.create()
    world.advance(120)
    for _ in range(10):
        world.cloud.cut_next_listing(0)
        world.advance(10)
    assert world.row().observed is Observed.RUNNING
    assert world.row().drift_since is None


def test_a_machine_hidden_for_one_listing_is_not_lost(world: World) -> None:
    world.create()
    world.advance(120)
    hidden = world.cloud._machines.pop(_machine(world))
    world.advance(10)
    world.cloud._machines[hidden.id] = hidden
    world.advance(60)
    assert world.row().observed is Observed.RUNNING
    assert world.row().drift_since is None


def test_one_whose_tags_were_removed_keeps_its_row_and_its_deadline_and_that_is_told_once(world: World) -> None:
    world.create(seconds=600)
    world.advance(100)
    world.cloud.visible(_machine(world)).tags.clear()
    world.advance(300)
    assert (world.word(), world.row().closed_at) == ("running", None)
    assert world.kinds("web").count("not listed") == 1
    world.advance(300)
    assert world.at_cloud() is Observed.STOPPED


def test_a_terminated_machine_that_is_no_longer_listed_is_terminated(world: World) -> None:
    world.cloud.remembers = timedelta(0)
    world.create()
    world.advance(120)
    world.terminate("web")
    world.advance(30)
    assert world.row().observed is Observed.TERMINATED
    assert world.row().closed_at is not None


def test_a_foreign_machine_is_never_touched(world: World) -> None:
    foreign = world.cloud.foreign("fake-1a", Name="web")
    world.create(seconds=20)
    world.advance(60)
    assert world.cloud.state(world.cloud.visible(foreign)) is Observed.RUNNING
    assert all(foreign not in call.ids for call in world.cloud.calls)


def test_a_scope_that_cannot_be_seen_keeps_its_facts_and_says_since_when(world: World) -> None:
    world.create()
    world.advance(20)
    world.cloud.fail_next("listing", Unavailable("down"), times=3)
    world.advance(30)
    (health,) = queries.listing(world.ctx).health.values()
    assert health.error_code == "unavailable"
    assert health.failing_since is not None
    assert world.row().observed is Observed.RUNNING
    world.advance(10)
    (health,) = queries.listing(world.ctx).health.values()
    assert health.error_code is None
    assert health.failing_since is None


def test_credentials_of_another_account_prove_no_absence(world: World) -> None:
    world.create()
    world.advance(120)
    with world.ctx.begin() as connection:
        connection.execute(text("UPDATE scopes SET cloud_account = 'the one it began with'"))
    hidden = world.cloud._machines.pop(_machine(world))
    world.advance(120)
    assert world.row().observed is Observed.RUNNING
    assert world.row().closed_at is None
    (alarm,) = queries.listing(world.ctx).health.values()
    assert "the one it began with" in (alarm.error or "")
    world.cloud._machines[hidden.id] = hidden
