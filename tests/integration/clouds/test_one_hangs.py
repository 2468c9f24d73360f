"""One of five clouds does not answer: what is known and done at the other four waits for nothing of it.

Nothing is timed: while the one is held, and its call still open, the others' results stand in the database and in their own books.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import text

from im.domain.state import Observed
from im.queue.tasks import Task
from im.scope_threads import Threaded
from im.services.refresh.tick import refresh
from tests.integration.clouds.five import FIVE, FiveClouds, five_clouds
from tests.standin.server import StandIn
from tests.standin_world import Near
from tests.waiting import until


@pytest.fixture
def world(database_url: str, ec2: StandIn, clients: Near) -> Iterator[FiveClouds]:
    with five_clouds(database_url, ec2, clients) as made:
        for cloud in FIVE:
            made.create_at(cloud, seconds=600)
        made.advance(120)
        assert {cloud: made.row(cloud).observed for cloud in FIVE} == dict.fromkeys(FIVE, Observed.RUNNING)
        yield made


@pytest.fixture
def lanes(world: FiveClouds) -> Iterator[Threaded]:
    """As a worker's process has them; nobody is waited for."""
    lanes = Threaded(patience=0)
    world.ctx = replace(world.ctx, lanes=lanes)
    yield lanes
    for door in world.doors.values():
        door.open.set()
    assert lanes.finish(60)


@pytest.mark.parametrize("hangs", ["azure", pytest.param("gcp", marks=pytest.mark.long)])
def test_a_tick_sees_the_other_four_while_the_fifth_is_still_being_asked(
    world: FiveClouds, lanes: Threaded, hangs: str
) -> None:
    others = [cloud for cloud in FIVE if cloud != hangs]
    world.worker = False
    world.advance(10)
    before = world.now
    door = world.doors[hangs]
    door.open.clear()
    world.queue.waiting.clear()
    refresh(world.ctx)
    looks = [bell for bell in world.queue.waiting if bell.task is Task.REFRESH_SCOPE]
    assert len(looks) == len(FIVE)
    for bell in sorted(looks, key=lambda bell: bell.ids[0] != number_of(world, hangs)):  # the one that hangs goes first
        world.answer(bell.task, bell.ids)
    until("the hanging cloud is being asked", door.reached.is_set)
    until("the others were looked at", lambda: all(seen_at(world, cloud) == before for cloud in others))
    assert not door.open.is_set()
    assert seen_at(world, hangs) < before


@pytest.mark.parametrize("hangs", ["digitalocean", pytest.param("hetzner", marks=pytest.mark.long)])
def test_deadlines_of_the_other_four_are_kept_while_the_fifth_is_still_being_asked(
    world: FiveClouds, lanes: Threaded, hangs: str
) -> None:
    others = [cloud for cloud in FIVE if cloud != hangs]
    world.worker = False
    world.advance(600)
    world.queue.waiting.clear()
    before = {cloud: changes(world, cloud) for cloud in FIVE}
    world.doors[hangs].open.clear()
    world.answer(Task.ENFORCE_TTL)
    # one message for all that is due, as a tick rings it
    world.answer(Task.STOP, [world.row(cloud).id for cloud in (hangs, *others)])
    until("the hanging cloud is being asked", world.doors[hangs].reached.is_set)
    until("the others stop theirs", lambda: all(changes(world, cloud) > before[cloud] for cloud in others))
    assert not world.doors[hangs].open.is_set()
    assert changes(world, hangs) == before[hangs]


def number_of(world: FiveClouds, cloud: str) -> str:
    return str(_scope(world, cloud)[0])


def seen_at(world: FiveClouds, cloud: str) -> datetime:
    """When the last whole look at it began that was written down."""
    at: datetime = _scope(world, cloud)[1]
    return at


def _scope(world: FiveClouds, cloud: str) -> Any:
    with world.ctx.begin() as connection:
        query = "SELECT id, refreshed_at FROM scopes WHERE provider = :name"
        return connection.execute(text(query), {"name": cloud}).one()


def changes(world: FiveClouds, cloud: str) -> int:
    """How many calls that change something it has carried out."""
    if cloud == "aws":
        return len(world.control.calls("StopInstances"))
    return len([one for one in world.doors[cloud].service.books.changes() if one.status < 400])
