"""Postgres servers of which one is a copy of the other, a world on each, one cloud and one time."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator

import pytest

from im.db.schema import migrate
from im.domain.hold import HoldKind
from im.providers.fake.provider import FakeProvider
from im.services.deadlines import holds
from tests import reaper
from tests.servers import Server
from tests.world import START, World, empty

Opens = Callable[[Server], World]


@pytest.fixture(scope="module")
def original() -> Iterator[Server]:
    folder = reaper.new_folder("im-c-")
    server = Server(folder)
    try:
        server.make()
        migrate.upgrade(server.url)
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def copies(original: Server) -> Iterator[Callable[..., Server]]:
    """Makes copies of the original as it is at that moment."""
    made: list[Server] = []

    def copy(*, standby: bool = False) -> Server:
        made.append(original.copy(reaper.new_folder("im-c-"), standby=standby))
        return made[-1]

    yield copy
    for server in made:
        server.stop()
        shutil.rmtree(server.folder, ignore_errors=True)


@pytest.fixture
def opened(original: Server) -> Iterator[Opens]:
    """Worlds on servers: workers and beat of each, one cloud, one time."""
    empty(original.url)
    worlds: list[World] = []

    def open_on(server: Server) -> World:
        world = World(server.url)
        if worlds:
            world.cloud, world.now = worlds[0].cloud, max(one.now for one in worlds)
            world.provider = FakeProvider(world.cloud, world.deployment)
        worlds.append(world)
        world.cloud.clock = lambda: max(one.now for one in worlds)
        return world

    yield open_on
    for world in worlds:
        world.close()


@pytest.fixture
def first(original: Server, opened: Opens) -> World:
    """The original at work for a minute: `web` and `late` run, and the mark has been moved."""
    world = opened(original)
    world.create("web", seconds=120)
    world.create("late", seconds=150)
    world.advance(60)
    return world


def together(seconds: float, *worlds: World) -> None:
    for _ in range(int(seconds)):
        for world in worlds:
            world.advance(1)


def kinds(world: World) -> set[HoldKind]:
    return {hold.kind for hold in holds.active(world.ctx)}


def ends(world: World, name: str) -> list[float]:
    """When that machine was told to stop, in seconds since the beginning."""
    machine = world.row(name).provider_id
    return [
        (call.at - START).total_seconds() for call in world.cloud.calls if call.verb == "stop" and machine in call.ids
    ]
