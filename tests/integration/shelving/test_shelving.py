"""A stopped machine gives way to a snapshot of itself and comes back from it: the cloud is asked what there is."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from im.domain.errors import Refused
from im.domain.state import Desired, Observed, OnExpiry, Shelf
from im.providers import errors
from im.services import queries
from tests.world import World


def shelved(world: World, *, seconds: float = 60) -> str:
    """`web`, shelved by its deadline; the machine that it was."""
    world.create(seconds=seconds, on_expiry=OnExpiry.SHELVE)
    world.advance(20)
    machine = str(world.row().provider_id)
    world.advance(seconds + 60)
    assert world.word() == "shelved (ttl)", world.word()
    return machine


def pictures(world: World) -> list[str]:
    """What snapshots there are at the cloud."""
    return sorted(world.cloud.pictures.kept)


def test_a_deadline_shelves_and_an_extend_brings_it_back_under_its_name(world: World) -> None:
    machine = shelved(world)
    assert world.machines() == []
    (picture,) = pictures(world)
    assert world.cloud.pictures.kept[picture].machine == machine
    assert [call.verb for call in world.cloud.calls] == ["launch", "stop", "snapshot", "terminate"]
    row = world.row()
    assert (row.shelf, row.observed, row.provider_id, row.settled) == (Shelf.SHELVED, Observed.NONE, None, True)

    world.extend("web", seconds=3600)
    assert world.word() == "coming back from its snapshot"
    world.advance(30)
    row = world.row()
    assert (world.word(), row.name, row.shelf) == ("running", "web", Shelf.NONE)
    (now_there,) = world.machines()
    assert now_there == row.provider_id != machine
    found = world.cloud.known(now_there)
    assert found is not None
    assert found.image == picture, "it is made of its own snapshot"
    assert pictures(world) == [], "and that is deleted once it runs"
    told = [kind for kind in world.kinds() if "s" in kind and kind.startswith(("snapshot", "shelve"))]
    assert told == ["snapshot sent", "snapshot complete", "shelve sent", "shelved", "snapshot deleted"]


def test_a_person_shelves_it_before_its_deadline_and_starts_it_again(world: World) -> None:
    world.create(seconds=3600)
    world.advance(20)
    world.stop("web", shelve=True)
    world.advance(60)
    assert (world.word(), world.machines()) == ("shelved", [])
    world.start("web")
    world.advance(30)
    assert (world.word(), len(world.machines()), pictures(world)) == ("running", 1, [])


def test_the_end_of_what_is_shelved_is_the_end_of_its_snapshot(world: World) -> None:
    shelved(world)
    world.terminate("web")
    assert world.row().closed_at is None, "its snapshot is still there, and costs"
    world.advance(15)
    assert pictures(world) == []
    assert (world.row().closed_at is not None, world.word()) == (True, "terminated")
    assert len(world.calls("launch")) == 1


def test_an_extend_while_the_snapshot_is_made_calls_it_off(world: World) -> None:
    world.create(seconds=60, on_expiry=OnExpiry.SHELVE)
    world.advance(66)
    machine = world.row().provider_id
    assert (world.word(), len(pictures(world))) == ("stopped, shelving", 1)
    world.extend("web", seconds=3600)
    world.advance(40)
    assert (world.word(), world.row().provider_id, pictures(world)) == ("running", machine, [])
    assert world.calls("terminate") == []


def test_an_extend_while_the_machine_goes_brings_it_back_from_its_snapshot(world: World) -> None:
    world.create(seconds=60, on_expiry=OnExpiry.SHELVE)
    world.advance(60)
    while world.row().shelf is not Shelf.LEAVING:
        world.advance(1)
        assert world.now < world.row().expires_at + timedelta(minutes=2)
    assert world.word() == "shelving"
    world.extend("web", seconds=3600)
    world.advance(60)
    assert (world.word(), len(world.machines()), pictures(world)) == ("running", 1, [])
    assert len(world.calls("terminate")) == 1
    assert len(world.calls("launch")) == 2


def test_a_snapshot_that_breaks_is_deleted_and_asked_for_again_and_given_up_after_three(world: World) -> None:
    world.cloud.pictures.breaking = 99
    world.create(seconds=60, on_expiry=OnExpiry.SHELVE)
    world.advance(400)
    row = world.row()
    assert len(world.calls("snapshot")) == 3, "each costs money"
    assert pictures(world) == [], "and what came to nothing does not cost on"
    assert world.calls("terminate") == []
    assert (world.word(), world.at_cloud(), row.error_code) == ("stopped, not shelved", Observed.STOPPED, "not_shelved")
    assert world.kinds().count("not shelved") == 1
    world.now += timedelta(hours=1)
    world.advance(60)
    assert len(world.calls("snapshot")) == 3, "an hour later neither"

    world.cloud.pictures.breaking = 0
    world.stop("web", shelve=True)
    world.advance(60)
    assert (world.word(), len(pictures(world)), world.machines()) == ("shelved", 1, [])


def test_what_is_refused_for_good_is_given_up_at_once(world: World) -> None:
    world.cloud.fail_next("snapshot", errors.QuotaExceeded("too many snapshots"), times=9)
    world.create(seconds=60, on_expiry=OnExpiry.SHELVE)
    world.advance(300)
    assert world.calls("snapshot") == []
    assert world.word() == "stopped, not shelved"
    assert "too many snapshots" in str(world.row().error)
    world.extend("web", seconds=3600)
    world.advance(30)
    assert world.word() == "running", "and it is woken as any other"


def test_a_lost_reply_makes_no_second_snapshot(world: World) -> None:
    world.cloud.fail_next("snapshot", errors.Ambiguous("no answer"), after=True)
    machine = shelved(world, seconds=90)
    assert world.calls("snapshot") == [(machine,)]
    assert len(pictures(world)) == 1


@pytest.mark.sampled(every=3)
@pytest.mark.parametrize("verb", ["snapshots", "snapshot", "terminate", "delete_snapshot", "describe", "launch"])
@pytest.mark.parametrize(
    "fails",
    [*((errors.Ambiguous("no answer"), after) for after in (True, False)), (errors.Throttled("slow"), False)],
)
def test_whatever_fails_once_it_is_shelved_and_comes_back_and_nothing_is_left(
    world: World, verb: str, fails: tuple[errors.ProviderError, bool]
) -> None:
    error, after = fails
    world.create(seconds=30, on_expiry=OnExpiry.SHELVE)
    world.advance(25)
    world.cloud.fail_next(verb, error, after=after)
    world.advance(150)
    assert (world.word(), world.machines()) == ("shelved (ttl)", [])
    assert len(world.calls("snapshot")) == 1
    world.cloud.fail_next(verb, error, after=after)
    world.extend("web", seconds=3600)
    world.advance(90)
    assert (world.word(), len(world.machines()), pictures(world)) == ("running", 1, [])
    assert len(world.calls("launch")) == 2


def test_a_machine_that_somebody_starts_meanwhile_is_not_deleted(world: World) -> None:
    world.create(seconds=60, on_expiry=OnExpiry.SHELVE)
    world.advance(60)
    machine = str(world.row().provider_id)
    while not world.calls("snapshot"):
        world.advance(1)
    world.worker = False  # nobody looks for a while
    world.advance(10)
    world.cloud.outside("start", machine)
    world.advance(5)
    world.worker = True
    world.advance(2)
    assert world.calls("terminate") == []
    world.advance(180)
    # past its deadline: it is stopped again, and a fresh snapshot is made of what it is by now
    assert (world.word(), world.machines()) == ("shelved (ttl)", [])
    assert len(world.calls("snapshot")) == 2
    assert len(pictures(world)) == 1


def test_nothing_is_deleted_while_its_snapshot_is_not_shown(world: World) -> None:
    world.create(seconds=60, on_expiry=OnExpiry.SHELVE)
    world.advance(60)
    while not world.calls("snapshot"):
        world.advance(1)
    world.cloud.pictures.kept.clear()  # somebody has deleted it in the console
    world.advance(30)
    assert (world.calls("terminate"), world.at_cloud()) == ([], Observed.STOPPED)
    world.advance(180)
    assert world.word() == "shelved (ttl)", "another one was made, and seen"
    assert len(world.calls("snapshot")) == 2


def test_what_ends_outside_im_leaves_its_snapshot_to_people(world: World) -> None:
    world.cloud.pictures.breaking = 0
    world.create(seconds=60, on_expiry=OnExpiry.SHELVE)
    world.advance(60)
    machine = str(world.row().provider_id)
    while not world.calls("snapshot"):
        world.advance(1)
    world.cloud.outside("terminate", machine)
    world.advance(300)
    assert len(pictures(world)) == 1, "it may be all that is left of it"


def test_a_terminate_while_the_snapshot_is_made_ends_both(world: World) -> None:
    world.create(seconds=60, on_expiry=OnExpiry.SHELVE)
    world.advance(66)
    assert len(pictures(world)) == 1
    world.terminate("web")
    world.advance(60)
    assert (world.machines(), pictures(world), world.row().closed_at is None) == ([], [], False)


def test_what_was_stopped_by_hand_is_shelved_at_its_deadline(world: World) -> None:
    world.create(seconds=200, on_expiry=OnExpiry.SHELVE)
    world.advance(20)
    world.stop("web")
    world.advance(60)
    assert (world.word(), pictures(world)) == ("stopped", [])
    world.advance(220)
    assert (world.word(), len(pictures(world))) == ("shelved (ttl)", 1)
    world.now += timedelta(days=1)
    world.advance(60)
    assert len(world.calls("snapshot")) == 1


def test_a_launch_from_the_snapshot_that_fails_loses_nothing(world: World) -> None:
    shelved(world)
    world.cloud.capacity["fake-1a"] = 0
    world.extend("web", seconds=3600)
    world.advance(60)
    assert (world.word(), len(pictures(world))) == ("shelved, failed: no capacity", 1)
    del world.cloud.capacity["fake-1a"]
    world.extend("web", seconds=60)
    world.advance(30)
    assert (world.word(), pictures(world)) == ("running", [])


@pytest.mark.long
def test_it_may_be_shelved_again_and_again(world: World) -> None:
    shelved(world)
    for _ in range(2):
        world.extend("web", seconds=60)
        world.advance(180)
        assert (world.word(), len(pictures(world)), world.machines()) == ("shelved (ttl)", 1, [])
    assert len(world.calls("snapshot")) == 3


def test_the_deadline_of_what_is_shelved_may_be_moved_without_waking_it(world: World) -> None:
    shelved(world)
    world.extend("web", seconds=3600, start=False)
    world.advance(60)
    assert world.row().desired is Desired.STOPPED
    assert (world.row().shelved, world.machines(), len(pictures(world))) == (True, [], 1)


def test_a_machine_that_was_believed_gone_and_is_there_all_the_same_is_found_and_deleted_again(world: World) -> None:
    machine = shelved(world)
    ghost = world.cloud.known(machine)
    assert ghost is not None
    ghost.state = Observed.STOPPED  # it is there all the same, or an old listing says so
    world.advance(50)
    assert queries.orphans_listed(world.ctx).found == (), "a listing may be late"
    world.now += timedelta(minutes=5)
    world.advance(200)
    assert (world.row().shelved, world.machines(), len(pictures(world))) == (True, [], 1)
    assert world.calls("terminate") == [(machine,), (machine,)]
    assert queries.orphans_listed(world.ctx).found == ()


def test_what_was_adopted_is_not_shelved(world: World) -> None:
    world.create(seconds=3600)
    world.advance(20)
    with world.ctx.begin() as connection:
        connection.execute(text("UPDATE instances SET spec = jsonb_set(spec, '{public_key}', '\"\"')"))
    with pytest.raises(Refused, match="adopted"):
        world.stop("web", shelve=True)


def test_what_goes_against_it_is_refused_with_what_there_is(world: World) -> None:
    for wrong in ({"protect": True}, {"keep_stopped": "1h"}):
        with pytest.raises(Refused, match="shelve"):
            world.create(on_expiry=OnExpiry.SHELVE, **wrong)
    world.create(seconds=3600, protect=True)
    world.advance(20)
    with pytest.raises(Refused, match="protected"):
        world.stop("web", shelve=True)
    world.create("other", seconds=3600, on_expiry=OnExpiry.SHELVE)
    world.advance(20)
    with pytest.raises(Refused, match="empty promise"):
        world.protect("other", on=True)
