"""Running time that was forgotten is made up for in small transactions: no deadline waits for the locks of a whole fleet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from sqlalchemy import Connection, text

from im.services.money import prices
from tests.world import World


def test_a_backlog_is_made_up_for_a_few_rows_at_a_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prices, "_BATCH", 2)
    world.create(count=5)
    world.advance(30)
    with world.ctx.begin() as connection:
        connection.execute(text("DELETE FROM usage"))
    locked: list[int] = []

    @contextmanager
    def counting() -> Iterator[Connection]:
        with world.ctx.begin() as connection:
            before = _noted(connection)
            yield connection
            locked.append(_noted(connection) - before)

    prices.note_forgotten_usage(replace(world.ctx, transaction=counting))
    assert [count for count in locked if count] == [2, 2, 1]


def _noted(connection: Connection) -> int:
    query = text("SELECT count(DISTINCT instance_id) FROM usage WHERE kind = 'run'")
    return int(connection.execute(query).scalar_one())
