"""A listing that names the zones it could not show, as Google Cloud's does: what is in the others is judged as always."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from im.domain.state import Observed
from im.providers.contract import Snapshot, merge_pages
from tests.worlds.gcp import GcpWorld, gcp_world

A, B = "us-central1-a", "us-central1-b"


@pytest.fixture
def world(database_url: str) -> Iterator[GcpWorld]:
    with gcp_world(database_url) as made:
        yield made


@pytest.mark.parametrize("by_states", [False, True])
def test_what_vanished_from_a_zone_that_was_seen_is_gone_and_of_the_unseen_one_nothing_is_believed(
    world: GcpWorld, by_states: bool
) -> None:
    if by_states:
        world.ctx = replace(world.ctx, settings=replace(world.ctx.settings, states_from=1))
    world.create("hidden", zone=A)
    world.create("shown", zone=B)
    world.advance(90)
    world.project.unreachable.add(A)
    for name in ("hidden", "shown"):
        world.project.go(world.machine(name), "STOPPING", "gone")
    world.advance(180)
    assert world.row("shown").closed_at is not None
    hidden = world.row("hidden")
    assert (hidden.observed, hidden.closed_at) == (Observed.RUNNING, None)
    world.project.unreachable.clear()
    world.advance(180)
    assert world.row("hidden").closed_at is not None


def test_of_pages_one_that_names_no_zone_leaves_all_in_doubt() -> None:
    named, unnamed, whole = Snapshot(False, (), None, frozenset({A})), Snapshot(False, ()), Snapshot(True, ())
    assert merge_pages([whole, named]).unseen == {A}
    assert merge_pages([named, unnamed]).unseen == frozenset()
    assert merge_pages([whole]).complete
