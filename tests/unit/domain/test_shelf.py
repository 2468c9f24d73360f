"""Shelving as a table: what it never does is a property over every standing there is."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from im.domain.explain.phase import phase
from im.domain.explain.why import why
from im.domain.instance import Instance
from im.domain.intent import Deadline, extend, start, stop, terminate
from im.domain.shelf.snapshot import Made, Saved, Snapshot, is_proof, look_again, spec_from
from im.domain.shelf.table import (
    ShelfStep,
    Standing,
    There,
    Want,
    all_standings,
    next_step,
    standing,
    there_of,
    want_of,
)
from im.domain.state import Desired, Observed, OnExpiry, Shelf, Why
from tests.unit.rows import NOW, a_row, rows

STANDINGS = list(all_standings())
DONE = Snapshot("im-0000000001", 2, "m-1", Made.COMPLETE, "s-1", Decimal("2.3"), NOW, NOW)
SEEN = Saved("s-1", "im-0000000001", 2, "m-1", complete=True, gb=Decimal("2.3"))


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    return replace(
        DONE,
        generation=draw(st.integers(1, 5)),
        machine=draw(st.sampled_from(["i-1", "i-2"])),
        made=draw(st.sampled_from(Made)),
    )


def on_shelves(row: Instance, shelf: Shelf, generation: int) -> Instance:
    return replace(row, shelf=shelf, shelve_generation=generation)


def test_every_standing_has_a_step() -> None:
    assert {next_step(at) for at in STANDINGS} == set(ShelfStep)


@pytest.mark.parametrize("step", [ShelfStep.SAVE, ShelfStep.WATCH])
def test_a_snapshot_is_made_only_of_a_machine_that_rests_and_is_to_be_shelved_now(step: ShelfStep) -> None:
    for at in STANDINGS:
        if next_step(at) is step:
            assert (at.want, at.there, at.own, at.current) == (Want.SHELVE, There.RESTS, True, True)


def test_a_machine_is_deleted_only_behind_a_complete_snapshot_of_it() -> None:
    for at in STANDINGS:
        if next_step(at) is ShelfStep.REMOVE:
            assert at.own
            assert at.made in (Made.COMPLETE, Made.KEPT)
            assert at.leaving or (at.want, at.there, at.current) == (Want.SHELVE, There.RESTS, True)


def test_a_snapshot_is_deleted_only_when_nobody_can_need_it() -> None:
    for at in STANDINGS:
        if next_step(at) is not ShelfStep.DISCARD or at.made is Made.SPENT:
            continue
        if at.there is There.OVER:
            assert at.want is Want.END
        elif at.made is Made.KEPT and not at.own:  # its machine is gone: what there is besides has to be seen running
            assert at.there is There.RUNS or (at.there, at.want) == (There.NOTHING, Want.END)
        else:  # called off: the very machine that it is made of is there
            assert at.own
            assert at.there in (There.RUNS, There.RESTS)
            assert not (at.leaving and at.made in (Made.COMPLETE, Made.KEPT))


def test_what_ended_outside_im_leaves_its_snapshots_to_people() -> None:
    for at in STANDINGS:
        if at.want is Want.LOST and at.there is There.OVER and at.made is not Made.SPENT and not at.leaving:
            assert next_step(at) is ShelfStep.REST


def test_what_was_given_up_is_not_asked_for_again_by_itself() -> None:
    for at in STANDINGS:
        if at.made is Made.FAILED:
            assert next_step(at) in (ShelfStep.REST, ShelfStep.DISCARD)


def test_whoever_calls_it_off_before_the_machine_goes_has_the_machine() -> None:
    for want in (Want.RUN, Want.STOP):
        for there in (There.RUNS, There.RESTS, There.MOVES):
            at = Standing(want, there, Made.COMPLETE, own=True, current=False, leaving=False)
            assert next_step(at) in (ShelfStep.DISCARD, ShelfStep.REST)


@given(rows(), snapshots(), st.sampled_from(Shelf), st.integers(0, 5))
def test_every_row_stands_somewhere_and_is_called_something(
    row: Instance, snapshot: Snapshot, shelf: Shelf, generation: int
) -> None:
    row = on_shelves(row, shelf, min(generation, row.generation))
    assert next_step(standing(row, snapshot)) in ShelfStep
    assert phase(row, NOW).word
    assert why(row, NOW).because


@given(rows(), st.integers(0, 5))
def test_whatever_is_asked_for_later_ends_the_wish_to_shelve(row: Instance, generation: int) -> None:
    row = replace(row, shelve_generation=min(generation, row.generation), closed_at=None)
    later = replace(row, generation=row.generation + 1)
    assert not later.to_shelve
    assert want_of(later) is not Want.SHELVE


@pytest.mark.parametrize(
    ("changes", "there"),
    [
        ({"observed": Observed.NONE}, There.NOTHING),
        ({"observed": Observed.NONE, "launch_token": "t"}, There.COMING),
        ({"observed": Observed.RUNNING}, There.RUNS),
        ({"observed": Observed.STOPPED, "settled_generation": 1}, There.RESTS),
        ({"observed": Observed.STOPPED}, There.MOVES),
        ({"observed": Observed.STOPPED, "settled_generation": 1, "drift_since": NOW}, There.MOVES),
        ({"observed": Observed.STOPPING}, There.MOVES),
        ({"observed": Observed.TERMINATED}, There.OVER),
        ({"observed": Observed.NONE, "closed_at": NOW}, There.OVER),
    ],
)
def test_what_there_is_of_a_machine(changes: dict[str, object], there: There) -> None:
    assert there_of(a_row(**changes)) is there


@pytest.mark.parametrize(("why", "want"), [(Why.USER, Want.END), (Why.TTL, Want.END), (Why.OUTSIDE, Want.LOST)])
def test_whose_end_it_was(why: Why, want: Want) -> None:
    assert want_of(a_row(desired=Desired.TERMINATED, why=why)) is want


@pytest.mark.parametrize(
    ("seen", "proof"),
    [
        (SEEN, True),
        (None, False),
        (replace(SEEN, complete=False), False),
        (replace(SEEN, broken=True), False),
        (replace(SEEN, gb=None), False),
        (replace(SEEN, machine="m-2"), False),
        (replace(SEEN, generation=1), False),
        (replace(SEEN, instance_id="im-0000000002"), False),
    ],
)
def test_what_the_cloud_has_to_show_before_a_machine_goes(seen: Saved | None, proof: bool) -> None:
    assert is_proof(seen, DONE) is proof


def test_what_comes_back_is_made_of_the_snapshot_and_runs_nothing_again() -> None:
    row = a_row()
    spec = spec_from(replace(row.spec, user_data=b"#!/bin/sh"), DONE)
    assert (spec.image, spec.user_data, spec.user_data_aside) == ("s-1", None, None)
    assert spec == replace(row.spec, image="s-1")


@given(st.timedeltas(timedelta(0), timedelta(days=2)))
def test_a_snapshot_that_takes_long_is_looked_at_seldom(since: timedelta) -> None:
    assert timedelta(seconds=5) <= look_again(DONE, NOW + since) <= timedelta(seconds=30)


class TestRequests:
    SHELVED = a_row(
        desired=Desired.STOPPED, why=Why.TTL, on_expiry=OnExpiry.SHELVE, shelves=True, shelf=Shelf.SHELVED,
        generation=2, settled_generation=2, shelve_generation=2, expires_at=NOW - timedelta(hours=1),
    )  # fmt: skip

    def test_an_extend_and_a_start_launch_it(self) -> None:
        hour = Deadline(by=timedelta(hours=1))
        for intent in (extend(self.SHELVED, NOW, hour), start(self.SHELVED, NOW, hour)):
            assert (intent.desired, intent.relaunch, intent.shelve) == (Desired.RUNNING, True, False)

    def test_its_deadline_is_moved_and_it_stays_so(self) -> None:
        intent = extend(self.SHELVED, NOW, Deadline(by=timedelta(hours=1)), start=False)
        assert (intent.desired, intent.relaunch, intent.shelve) == (Desired.STOPPED, False, True)

    def test_a_stop_leaves_it_as_it_is(self) -> None:
        assert stop(self.SHELVED, NOW).shelve

    def test_it_can_be_ended(self) -> None:
        assert terminate(self.SHELVED, NOW).desired is Desired.TERMINATED

    @pytest.mark.parametrize(
        ("changes", "word"),
        [
            ({}, "shelved (ttl)"),
            ({"why": Why.USER}, "shelved"),
            ({"desired": Desired.TERMINATED}, "terminating"),
            ({"desired": Desired.RUNNING, "launch_token": "t"}, "coming back from its snapshot"),
            (
                {"desired": Desired.RUNNING, "error_code": "no_capacity", "failed_generation": 2},
                "shelved, failed: no capacity",
            ),
            ({"closed_at": NOW, "desired": Desired.TERMINATED}, "terminated"),
            ({"shelf": Shelf.LEAVING, "observed": Observed.STOPPED, "provider_id": "m-1"}, "shelving"),
            ({"shelf": Shelf.NONE, "observed": Observed.STOPPED, "provider_id": "m-1"}, "stopped, shelving"),
            (
                {"shelf": Shelf.NONE, "observed": Observed.STOPPED, "provider_id": "m-1", "error_code": "not_shelved"},
                "stopped, not shelved",
            ),
        ],
    )
    def test_the_word_a_person_reads(self, changes: dict[str, object], word: str) -> None:
        assert phase(replace(self.SHELVED, **changes), NOW).word == word  # type: ignore[arg-type]
