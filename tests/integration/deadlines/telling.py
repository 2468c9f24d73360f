"""Notices of a world: where they go, and what became of each."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import text

from tests.integration.deadlines.receivers import Web
from tests.world import World

MINUTE = 60


def tell(world: World, **settings: str) -> None:
    world.ctx = replace(world.ctx, settings=replace(world.ctx.settings, **settings))


def states(world: World) -> list[tuple[int, str, str]]:
    with world.ctx.begin() as connection:
        query = "SELECT stage / 60, channel, state FROM notices ORDER BY id"
        return [tuple(row) for row in connection.execute(text(query))]  # type: ignore[misc]


def stages(hook: Web) -> list[int]:
    return [one["stage_seconds"] // MINUTE for one in hook.got]
