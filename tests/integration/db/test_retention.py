"""History is forgotten when it is old enough, a little at a time, and nothing but history."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from im.queue.tasks import Task
from im.services import history, queries
from tests.world import World


def _events(world: World, days: float) -> int:
    """How many events are older than so many days."""
    with world.ctx.begin() as connection:
        query = text("SELECT count(*) FROM events WHERE at < :before")
        return int(connection.execute(query, {"before": world.now - timedelta(days=days)}).scalar_one())


def _history(world: World, count: int, days: float) -> None:
    """So many events, one second apart, the last of them so many days ago; older ones have lower ids."""
    [row] = world.create()
    with world.ctx.begin() as connection:
        connection.execute(text("DELETE FROM events"))
        connection.execute(
            text(
                "INSERT INTO events (instance_id, at, kind, actor, reason, generation)"
                " SELECT :id, :last - make_interval(secs => n), 'looked', 'im', 'again', 1"
                " FROM generate_series(CAST(:count AS int) - 1, 0, -1) n"
            ),
            {"id": row.id, "last": world.now - timedelta(days=days), "count": count},
        )


def test_the_tick_forgets_what_is_older_than_a_year_and_keeps_the_rest(world: World) -> None:
    made = world.create(seconds=3600)
    world.advance(30)
    assert queries.history(world.ctx, made[0].id)
    world.now += timedelta(days=364)
    world.advance(20)
    assert _events(world, 360) > 0
    world.now += timedelta(days=2)
    world.advance(20)
    assert _events(world, 365) == 0
    assert [e.kind for e in queries.history(world.ctx, made[0].id)]  # what its deadline brought, two days ago
    assert world.row().expires_at  # the row itself is no history


def test_much_is_forgotten_in_small_batches_and_over_several_times(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "BATCH", 100)
    monkeypatch.setattr(history, "MOST", 3)
    _history(world, 450, days=366)
    assert history.prune(world.ctx) == "300 events are older than 365d and forgotten"
    assert _events(world, 365) == 150
    history.prune(world.ctx)
    assert _events(world, 365) == 0
    assert history.prune(world.ctx) == "nothing is old"


def test_the_oldest_go_first_and_the_younger_stay(world: World) -> None:
    _history(world, 3 * 86_400 // 100, days=364.9)
    with world.ctx.begin() as connection:
        connection.execute(text("UPDATE events SET at = at - interval '1 day' WHERE id % 2 = 0 AND kind = 'looked'"))
        kept = connection.execute(text("SELECT count(*) FROM events WHERE kind = 'looked' AND id % 2 = 1")).scalar_one()
    history.prune(world.ctx)
    assert _events(world, 365) == 0
    with world.ctx.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM events WHERE kind = 'looked'")).scalar_one() == kept


def test_forever_is_forever(world: World) -> None:
    _history(world, 10, days=1000)
    world.ctx = replace(world.ctx, settings=replace(world.ctx.settings, keep_events="forever"))
    world.advance(30)
    history.prune(world.ctx)
    assert _events(world, 999) == 10


def test_it_is_rung_for_every_ten_minutes_and_not_with_every_tick(world: World) -> None:
    def rung() -> int:
        return len([bell for bell in world.queue.rung if bell.task is Task.PRUNE])

    world.advance(30)
    assert rung() == 1
    world.now += timedelta(minutes=10)
    world.advance(30)
    assert rung() == 2
