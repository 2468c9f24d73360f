"""Types and zones in order: the next one only after a definite refusal, as a launch of its own; one machine at most."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from im.db import scopes
from im.domain.errors import Refused
from im.domain.rate_limit import Rate
from im.domain.state import Observed
from im.providers.errors import Ambiguous, InvalidSpec, NoCapacity, NotOffered, QuotaExceeded, Throttled, Unavailable
from im.services.batches import drive
from im.services.reconcile.launches import Launches
from im.services.scope_run import ScopeRun, run_in
from tests.world import World

NONE = NoCapacity("none left")


def tokens(world: World) -> list[tuple[str, str, str]]:
    """(zone, state, instance type) of every launch, in the order in which they were opened."""
    query = text("SELECT spec->>'zone', state, spec->>'instance_type' FROM launches ORDER BY created_at, candidate")
    with world.ctx.begin() as connection:
        return [(row[0], row[1], row[2]) for row in connection.execute(query)]


def launched(world: World, name: str = "web") -> tuple[str, str]:
    row = world.row(name)
    assert row.observed is Observed.RUNNING
    assert len(world.machines()) == 1
    return row.spec.instance_type, row.zone


def test_any_is_every_zone_in_order_until_one_has_room(world: World) -> None:
    world.cloud.capacity = {"fake-1a": 0, "fake-1b": 0}
    world.create(zone="any")
    world.advance(20)
    assert launched(world) == ("small", "fake-1c")
    assert [one[:2] for one in tokens(world)] == [("fake-1a", "refused"), ("fake-1b", "refused"), ("fake-1c", "done")]


def test_each_place_has_a_token_of_its_own(world: World) -> None:
    world.cloud.capacity = {"fake-1a": 0}
    world.create(zone="fake-1a,fake-1b")
    world.advance(10)
    with world.ctx.begin() as connection:
        assert connection.execute(text("SELECT count(DISTINCT token) FROM launches")).scalar_one() == 2


def test_types_come_before_zones(world: World) -> None:
    world.create(kind="big,small", zone="fake-1a,fake-1b")
    world.cloud.fail_next("launch", NONE, times=2)
    world.advance(20)
    assert [(one[2], one[0]) for one in tokens(world)] == [("big", "fake-1a"), ("big", "fake-1b"), ("small", "fake-1a")]
    assert launched(world) == ("small", "fake-1a")


def test_where_it_stands_is_said_in_plain_words(world: World) -> None:
    world.worker = False
    world.create(kind="big,small", zone="fake-1a,fake-1b", retry=True)
    world.cloud.fail_next("launch", NONE, times=4)
    seen = [world.word()]
    for _ in range(4):
        drive_one(world)
        seen.append(world.word())
    assert seen == [
        "launching",
        "launching (no capacity for big in fake-1a, trying 2 of 4)",
        "launching (no capacity for big in fake-1b, trying 3 of 4)",
        "launching (no capacity for small in fake-1a, trying 4 of 4)",
        "launching (no capacity in any of 4, retrying)",
    ]
    told = [e.reason for e in world.story() if e.kind == "refused"]
    assert told[0] == "no_capacity: none left; trying 2 of 4: big in fake-1b"
    assert told[-1] == "no_capacity: none left; all 4 have refused, round 2 in 15 s"


def drive_one(world: World) -> None:
    """One launch and no more: the worker that would go on at once is stopped by a lease that somebody else holds."""
    run, left = _run(world), iter([True])
    assert drive(world.ctx, Launches(run), goes_on=lambda: next(left, False))


def _run(world: World) -> ScopeRun:
    with world.ctx.begin() as connection:
        number = scopes.number_of(connection, world.row().scope)
    assert number is not None
    run = run_in(world.ctx, number)
    assert run is not None
    return run


def test_the_round_begins_again_until_there_is_room(world: World) -> None:
    world.cloud.capacity = {"fake-1a": 0, "fake-1b": 0}
    world.create(zone="fake-1a,fake-1b", retry=True)
    world.advance(100)
    assert world.word() == "launching (no capacity in any of 2, retrying)"
    calls = len(tokens(world))
    assert 4 <= calls <= 8, "with a growing wait"
    world.cloud.capacity = {"fake-1a": 0}
    world.advance(130)
    assert launched(world) == ("small", "fake-1b")


def test_one_place_is_retried_as_well(world: World) -> None:
    world.cloud.capacity = {"fake-1a": 0}
    world.create(retry=True)
    world.advance(5)
    assert world.word() == "launching (no capacity, retrying)"
    world.cloud.capacity = {}
    world.advance(40)
    assert launched(world) == ("small", "fake-1a")


def test_without_retry_it_fails_fast_and_says_so(world: World) -> None:
    world.cloud.capacity = {"fake-1a": 0, "fake-1b": 0, "fake-1c": 0}
    world.create(zone="any")
    world.advance(10)
    assert world.word() == "failed: no capacity"
    row = world.row()
    assert (row.error_code, row.failed) == ("no_capacity", True)
    world.advance(600)
    assert len(tokens(world)) == 3, "a failed launch stays failed"


def test_a_start_after_that_begins_at_the_first_place(world: World) -> None:
    world.cloud.capacity = {"fake-1a": 0, "fake-1b": 0}
    world.create(zone="fake-1a,fake-1b")
    world.advance(10)
    world.cloud.capacity = {}
    world.start("web", seconds=600)
    world.advance(10)
    assert launched(world) == ("small", "fake-1a")


def test_nothing_is_launched_after_its_deadline(world: World) -> None:
    world.cloud.capacity = {"fake-1a": 0}
    world.create(seconds=40, retry=True)
    world.advance(39)
    world.cloud.capacity = {}
    world.now += timedelta(seconds=1)
    world.advance(300)
    assert world.machines() == []
    row = world.row()
    assert row.settled or row.failed
    assert "launched" not in world.kinds()


@pytest.mark.parametrize("verb", ["stop", "terminate"])
def test_who_is_called_off_between_two_places_gets_none(world: World, verb: str) -> None:
    world.cloud.capacity = {"fake-1a": 0}
    world.create(retry=True)
    world.advance(5)
    getattr(world, verb)("web")
    world.cloud.capacity = {}
    world.advance(60)
    assert world.machines() == []
    assert world.row().settled


@pytest.mark.parametrize(
    "error", [Throttled("slow"), Unavailable("ill"), Ambiguous("no answer")], ids=["throttled", "ill", "ambiguous"]
)
def test_what_is_no_definite_refusal_stays_at_its_place(world: World, error: Any) -> None:
    world.cloud.fail_next("launch", error, after=isinstance(error, Ambiguous))
    world.create(zone="any")
    world.advance(60)
    assert launched(world) == ("small", "fake-1a")
    assert len(tokens(world)) == 1


@pytest.mark.parametrize("error", [InvalidSpec("no such type"), QuotaExceeded("full")], ids=["invalid", "quota"])
def test_what_every_place_would_refuse_ends_it(world: World, error: Any) -> None:
    world.cloud.fail_next("launch", error)
    world.create(zone="any", retry=True)
    world.advance(60)
    assert world.row().failed
    assert world.machines() == []


def test_a_zone_that_never_has_the_type_is_left_out_of_the_next_round(world: World) -> None:
    world.cloud.fail_next("launch", NotOffered("not sold in fake-1a"))
    world.cloud.capacity = {"fake-1b": 0, "fake-1c": 0}
    world.create(zone="fake-1a,fake-1b,fake-1c", retry=True)
    world.advance(40)
    tried = [event.reason for event in world.story() if event.kind == "launch sent"]
    assert tried[:3] == ["small in fake-1a", "small in fake-1b", "small in fake-1c"]
    assert "small in fake-1a" not in tried[1:]
    assert len(tried) > 4
    assert world.word() == "launching (no capacity in any of 2, retrying)"


def test_a_quota_that_is_used_up_speaks_for_its_type_in_every_zone(world: World) -> None:
    world.cloud.fail_next("launch", QuotaExceeded("no more big ones"))
    world.create(kind="big,small", zone="fake-1a,fake-1b")
    world.advance(10)
    tried = [event.reason for event in world.story() if event.kind == "launch sent"]
    assert tried == ["big in fake-1a", "small in fake-1a"]
    assert launched(world) == ("small", "fake-1a")


def test_more_places_than_the_cloud_likes_to_be_asked_at_once_are_all_tried_before_the_next_tick(world: World) -> None:
    world.beat = False
    world.provider.capabilities = replace(world.provider.capabilities, rates={"launch": Rate(1.0, 2)})
    world.cloud.capacity = {"fake-1a": 0, "fake-1b": 0, "fake-1c": 0, "fake-1d": 0}
    world.create(zone="fake-1a,fake-1b,fake-1c,fake-1d,fake-1e")
    world.advance(12)
    assert launched(world) == ("small", "fake-1e")


def test_an_unanswered_call_and_then_no_room_moves_on_only_when_nothing_was_made(world: World) -> None:
    """The lost call had made its machine: it is found, and no other place is tried."""
    world.cloud.visible_after = timedelta(seconds=4)
    world.cloud.fail_next("launch", Ambiguous("no answer"), after=True)
    world.create(zone="fake-1a,fake-1b", retry=True)
    world.advance(1)
    world.cloud.fail_next("launch", NONE)
    world.advance(60)
    assert launched(world) == ("small", "fake-1a")
    assert len(world.calls("launch")) <= 2


def test_zones_that_do_not_offer_the_type_are_not_tried(world: World) -> None:
    world.cloud.lacking = {("small", "fake-1a"), ("small", "fake-1b")}
    world.create(zone="any")
    world.advance(10)
    assert launched(world) == ("small", "fake-1c")
    assert len(tokens(world)) == 1


def test_a_type_that_no_zone_has_fails_with_that_reason(world: World) -> None:
    world.cloud.lacking = {("odd", f"fake-1{letter}") for letter in "abc"}
    world.create(kind="odd", zone="any", retry=True)
    world.advance(10)
    assert world.row().failed
    assert world.row().error == "no zone of fake-1 has odd"


def test_zones_that_cannot_be_asked_for_are_asked_for_again(world: World) -> None:
    world.cloud.fail_next("offers", Unavailable("ill"), times=2)
    world.create(zone="any")
    world.advance(30)
    assert launched(world) == ("small", "fake-1a")


def test_three_of_five_fit_here_and_two_there(world: World) -> None:
    world.cloud.capacity = {"fake-1a": 3}
    world.create(zone="fake-1a,fake-1b", count=5)
    world.advance(30)
    zones = sorted(world.row(f"web-{n}").zone for n in range(1, 6))
    assert zones == ["fake-1a"] * 3 + ["fake-1b"] * 2
    assert len(world.machines()) == 5


def test_what_fits_nowhere_fails_alone(world: World) -> None:
    world.cloud.capacity = {"fake-1a": 2}
    world.create(count=3)
    world.advance(30)
    words = sorted(world.word(f"web-{n}") for n in range(1, 4))
    assert words == ["failed: no capacity", "running", "running"]


@pytest.mark.parametrize(
    ("kind", "zone", "told"),
    [
        (None, "fake-1a,fake-2a", "fake-2a is in fake-2, and fake-1a in fake-1"),
        (None, "any,fake-1a", "any means every zone"),
        ("small,,big", None, "an empty type"),
        (None, ",".join(f"fake-1{chr(97 + n)}" for n in range(24)), ""),
        ("a,b", ",".join(f"fake-1{chr(97 + n)}" for n in range(24)), "more than im tries"),
    ],
)
def test_bad_combinations_are_refused_at_the_prompt(
    world: World, kind: str | None, zone: str | None, told: str
) -> None:
    if not told:
        world.create(kind=kind, zone=zone)
        return
    with pytest.raises(Refused, match=told):
        world.create(kind=kind, zone=zone)
