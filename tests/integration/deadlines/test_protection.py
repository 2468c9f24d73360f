"""Protection: nobody terminates a machine that has it, neither here nor at the cloud, until it is lifted."""

from __future__ import annotations

from datetime import timedelta

import pytest

from im.domain.errors import Refused
from im.domain.state import Desired, Observed
from im.providers.errors import Ambiguous, Throttled
from im.services.requests import change
from tests.integration.deadlines.second_stage import asleep, sleep_on
from tests.people import person
from tests.world import World

DAY = 86_400


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
