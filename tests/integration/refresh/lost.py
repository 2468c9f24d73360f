"""Machines of ours that no row knows: how they come about, what is listed of them, and how one is taken in."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text

from im.domain.instance import Instance
from im.domain.intent import Deadline
from im.domain.orphan import Orphan
from im.services import queries
from im.services.requests import adopt
from tests.people import person
from tests.world import World

SWEEP = 125
"""Seconds within which every scope is looked through once."""


def listed(world: World) -> list[Orphan]:
    return list(queries.orphans_listed(world.ctx).found)


def ours(world: World, zone: str = "fake-1a", **tags: str) -> str:
    """A machine with our tag that nobody here remembers: a restored database has many of them."""
    return world.cloud.foreign(zone, **{"im:deployment": world.deployment, **tags})


def a_scope(world: World) -> None:
    """Something was made here once, so that im knows the place at all; it is gone by now."""
    world.create("first")
    world.advance(10)
    world.terminate("first")
    world.advance(80)


def adopted(world: World, *machines: str, seconds: float = 3600, name: str | None = None) -> list[Instance]:
    deadline = Deadline(by=timedelta(seconds=seconds))
    return [c.after for c in adopt.adopt_orphans(world.ctx, machines, deadline, name=name, actor=person("ada")).changes]


def forget_rows(world: World) -> None:
    """The database of yesterday: the same deployment, and no memory of what was made since."""
    with world.ctx.begin() as connection:
        connection.execute(text("TRUNCATE instances, launches CASCADE"))
