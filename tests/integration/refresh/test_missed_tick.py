"""The broker away in the very moment of a tick: the hints that were lost with it are made up for by the sweeper of any worker."""

from __future__ import annotations

from datetime import timedelta

import pytest

from im.domain.state import Desired
from im.queue.tasks import Task
from im.services.refresh.sweep import EVERY, Sweep
from tests.world import START, World

DEADLINE = START + timedelta(seconds=75)


@pytest.fixture
def knot(world: World) -> World:
    """A machine whose hint the tick of second 60 rings; a moment before that tick."""
    world.create(seconds=75)
    world.advance(59)
    assert world.queue.waiting == []
    return world


def swept(world: World, until: float) -> None:
    """A worker's sweeper looks as often as it says, and time goes on between."""
    sweep = Sweep()
    while (left := until - (world.now - START).total_seconds()) > 0:
        world.advance(min(left, max(0.1, sweep.look(world.ctx))))


def late(world: World) -> float:
    """By how many seconds its deadline was noticed too late; fails when it was not."""
    assert world.row().desired is Desired.STOPPED
    (told,) = [event for event in world.story() if event.kind == "expired"]
    return (told.at - DEADLINE).total_seconds()


def test_lost_with_the_tick_they_are_rung_by_the_sweeper(knot: World) -> None:
    knot.queue.down = True
    knot.advance(2)
    knot.queue.down = False
    assert knot.queue.waiting == []
    swept(knot, 70)
    assert [(bell.task, bell.at) for bell in knot.queue.waiting if bell.task is Task.ENFORCE_TTL and bell.ids] != []
    swept(knot, 80)
    assert late(knot) < 0.6


def test_while_the_broker_stays_away_the_sweeper_keeps_them_itself(knot: World) -> None:
    knot.queue.down = True
    swept(knot, 80)
    assert late(knot) < 0.6
    assert knot.calls("stop") == [(knot.row().provider_id,)]


def test_lost_after_the_tick_the_deadline_is_noticed_by_the_next_look(knot: World) -> None:
    knot.advance(2)
    assert knot.queue.waiting != []
    knot.lose_messages()
    swept(knot, 90)
    assert late(knot) <= 2 + EVERY


def test_a_healthy_tick_is_left_alone(knot: World) -> None:
    knot.advance(2)
    before = list(knot.queue.rung)
    Sweep().look(knot.ctx)
    assert knot.queue.rung == before
