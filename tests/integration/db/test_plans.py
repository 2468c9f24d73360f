"""What a storm asks of Postgres costs each row once, though all that Postgres has heard of the table is out of date."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, event, text

from im.db import scopes
from im.db.instances import claims, requests
from im.domain.lifecycle import Step
from tests.world import World

MANY, SOME = 2_000, 200
COPIED = (
    "owner, scope_id, spec, created_at, why, by, on_expiry, generation, settled_generation, observed, observed_at, zone"
)


@pytest.fixture
def storm(world: World) -> World:
    """Many that Postgres believes to be at rest for days, and that are all due."""
    [one] = world.create("first", seconds=86_400)
    world.advance(10)
    world.beat = world.worker = False
    with world.ctx.begin() as connection:
        connection.execute(
            text(
                f"INSERT INTO instances (id, name, desired, expires_at, provider_id, {COPIED})"
                f" SELECT 'storm-' || n, 'storm-' || n, desired, expires_at, 'm-' || n, {COPIED}"
                " FROM instances, generate_series(1, :many) n WHERE id = :one"
            ),
            {"many": MANY, "one": one.id},
        )
    with world.ctx.begin() as connection:
        connection.execute(text("ANALYZE instances"))
    with world.ctx.begin() as connection:
        connection.execute(text("UPDATE instances SET expires_at = :now"), {"now": world.now})
    return world


def test_what_is_due_is_found_once_and_not_compared_each_with_each(storm: World) -> None:
    nodes = list(_plan(storm, lambda connection: requests.expire(connection, storm.now, SOME)))
    touched = [_rows(node) + node.get("Rows Removed by Join Filter", 0) * node["Actual Loops"] for node in nodes]
    assert max(touched) <= 2 * MANY
    assert any(node["Node Type"] == "ModifyTable" and node["Actual Rows"] == SOME for node in nodes)


def test_a_claim_reads_what_it_takes_and_not_all_that_waits(storm: World) -> None:
    with storm.ctx.begin() as connection:
        assert len(requests.expire(connection, storm.now, MANY)) == MANY
    with storm.ctx.begin() as connection:
        number = scopes.number_of(connection, storm.row("first").scope)
    assert number is not None
    nodes = list(_plan(storm, lambda connection: claims.ready(connection, number, Step.STOP, storm.now, SOME)))
    assert max(map(_rows, nodes)) <= SOME
    assert any(node["Node Type"] == "LockRows" and node["Actual Rows"] == SOME for node in nodes)


def _rows(node: dict[str, Any]) -> float:
    return float(node["Actual Rows"] * node["Actual Loops"])


def _plan(world: World, ask: Callable[[Connection], object]) -> Iterator[dict[str, Any]]:
    """The nodes of the plans that were carried out, one for each statement that `ask` sends; nothing of it is kept."""
    sent: list[tuple[str, Any]] = []
    with world.ctx.begin() as connection:

        def keep(_c: object, _cursor: object, statement: str, given: Any, _x: object, _m: object) -> None:
            sent.append((statement, given))

        event.listen(connection, "before_cursor_execute", keep)
        ask(connection)
        event.remove(connection, "before_cursor_execute", keep)
        connection.rollback()
    with world.ctx.begin() as connection:
        for statement, given in sent:
            explained = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {statement}", given)
            told = explained.scalar_one()
            yield from _nodes((json.loads(told) if isinstance(told, str) else told)[0]["Plan"])
        connection.rollback()


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from _nodes(inner)
