"""What its TTL has stopped is kept for a while, then terminated; what a person does cancels that, and protection forbids it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from im.domain.errors import Refused
from im.domain.state import Desired, Observed, Why
from im.providers.errors import Ambiguous, Throttled
from im.services.deadlines import holds
from im.services.refresh.sweep import sweep_if_stale
from im.services.requests import change
from tests.people import person
from tests.world import World

DAY = 86_400


def asleep(world: World, *, keep: str = "1h", protect: bool = False, seconds: float = 60) -> None:
    """`web`, stopped by its TTL and seen so; its second deadline is dated."""
    world.create(seconds=seconds, keep_stopped=keep, protect=protect)
    world.advance(seconds + 45)
    assert world.at_cloud() is Observed.STOPPED
    assert world.word() == "stopped (ttl)"


def sleep_on(world: World, seconds: float) -> None:
    """Time jumps to a minute before the end; the fleet lives through the rest."""
    world.now += timedelta(seconds=seconds - 60)
    world.advance(60)


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


# ---- protection ------------------------------------------------------------------------------------------------------


def guarded(world: World) -> bool:
    machine = world.row().provider_id
    assert machine is not None
    return world.cloud.visible(machine).protected


def test_a_protected_machine_is_not_terminated_by_anybody(world: World) -> None:
    asleep(world, keep="1h", protect=True)
    assert guarded(world), "the cloud guards it too"
    before = world.row()
    with pytest.raises(Refused, match="web is protected") as caught:
        world.terminate("web")
    assert caught.value.hint == "im protect web --off  lifts that"
    assert world.row() == before, "refused before anything was written"
    sleep_on(world, 3 * DAY)
    assert world.at_cloud() is Observed.STOPPED
    assert world.calls("terminate") == []


def test_one_protected_machine_among_others_and_none_is_terminated(world: World) -> None:
    world.create("free")
    world.create("safe", protect=True)
    world.advance(10)
    with pytest.raises(Refused, match="safe is protected"):
        world.terminate("free", "safe")
    assert world.row("free").desired is Desired.RUNNING


def test_lifting_the_protection_lets_the_overdue_end_come(world: World) -> None:
    asleep(world, keep="1h", protect=True)
    sleep_on(world, 7200)
    world.protect("web", on=False)
    world.advance(60)
    assert not world.cloud._machines[world.row().provider_id or ""].protected
    assert world.row().observed is Observed.TERMINATED


def test_unprotect_and_terminate_in_one_breath_though_the_cloud_still_guards(world: World) -> None:
    world.create(protect=True)
    world.advance(10)
    assert guarded(world)
    world.protect("web", on=False)
    world.terminate("web")
    world.advance(60)
    assert world.row().observed is Observed.TERMINATED


@pytest.mark.parametrize("after", [False, True], ids=["not done", "done, and the answer lost"])
def test_a_protection_whose_answer_is_lost_is_told_again(world: World, after: bool) -> None:
    world.create()
    world.advance(10)
    world.cloud.fail_next("protect", Ambiguous("no answer"), after=after)
    world.protect("web", on=True)
    world.deliver()
    assert world.row().protected_at_cloud is None
    world.advance(90)
    assert world.row().protected_at_cloud is True
    assert guarded(world)


def test_a_refused_protection_still_holds_in_im(world: World) -> None:
    world.create()
    world.advance(10)
    world.cloud.fail_next("protect", Throttled("slow down"), times=100)
    world.protect("web", on=True)
    world.advance(60)
    assert not guarded(world)
    with pytest.raises(Refused):
        world.terminate("web")


def test_a_worker_killed_between_the_claim_and_the_call_is_made_good(world: World) -> None:
    from im.db.instances import protection

    world.create()
    world.advance(10)
    world.worker = False
    world.protect("web", on=True)
    with world.ctx.begin() as connection:
        claimed = protection.claim(connection, 1, world.now, timedelta(seconds=15), 10) or protection.claim(
            connection, _scope(world), world.now, timedelta(seconds=15), 10
        )
    assert [row.name for row in claimed] == ["web"]
    world.lose_messages()
    world.worker = True
    world.advance(30)
    assert guarded(world)


def _scope(world: World) -> int:
    from im.db import scopes

    with world.ctx.begin() as connection:
        number = scopes.number_of(connection, world.row().scope)
    assert number is not None
    return number


def test_flipping_it_fast_ends_as_wished_last(world: World) -> None:
    world.create()
    world.advance(10)
    for on in (True, False, True, False):
        world.protect("web", on=on)
    world.advance(60)
    assert not guarded(world)
    world.protect("web", on=True)
    world.advance(60)
    assert guarded(world)


def test_what_ends_cannot_be_protected_and_repeats_are_no_news(world: World) -> None:
    world.create("safe", protect=True)
    world.create("gone")
    world.advance(10)
    world.protect("safe", on=True)
    assert "protected" not in world.kinds("safe"), "it was so before"
    world.terminate("gone")
    with pytest.raises(Refused, match="being terminated"):
        world.protect("gone", on=True)


def test_a_machine_that_can_only_be_terminated_takes_neither(world: World) -> None:
    world.create("once")
    world.tamper("once", on_expiry="terminate")
    with pytest.raises(Refused, match="empty promise"):
        world.protect("once", on=True)
    with pytest.raises(Refused, match="made to be terminated, not to be stopped"):
        world.stop("once")


def test_an_unknown_machine_is_refused_by_name(world: World) -> None:
    from im.domain.errors import NoSuchInstance

    with pytest.raises(NoSuchInstance, match="im-0000000000"):
        change.protect(world.ctx, ["im-0000000000"], on=True, actor=person("ada"))
