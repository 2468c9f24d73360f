"""A doorbell with nothing to do costs one statement; one with something to do is never taken for it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import text

from im.context import open_context
from im.db.instances import claims, protection, spot
from im.db.instances.pending_work import PendingWork
from im.domain.errors import Unavailable
from im.services.reconcile.scope import reconcile
from im.settings import Settings
from tests.world import World

STATES = {
    "unsettled": "settled_generation = 0, failed_generation = 0",
    "failed": "settled_generation = 0, failed_generation = generation",
    "to be protected": "protected = true, protected_at_cloud = false",
    "protection unknown": "protected_at_cloud = NULL",
    "gone, its spot request open": "closed_at = clock_timestamp(), spot_request = 'sir-1', spot_over = false",
    "gone, its spot request over": "closed_at = clock_timestamp(), spot_request = 'sir-1', spot_over = true",
    "gone, never settled": "closed_at = clock_timestamp(), settled_generation = 0",
    "at rest": "settled_generation = generation",
}
BUSY = {"unsettled", "to be protected", "protection unknown", "gone, its spot request open"}


def _settled(world: World) -> str:
    [row] = world.create()
    world.advance(30)
    return row.id


def _write(world: World, instance_id: str, values: str) -> None:
    with world.ctx.begin() as connection:
        connection.execute(text(f"UPDATE instances SET {values} WHERE id = :id"), {"id": instance_id})


@pytest.mark.parametrize("state", STATES)
def test_it_sees_whatever_is_waiting_and_nothing_else(world: World, state: str) -> None:
    one = _settled(world)
    _write(world, one, STATES[state])
    seen = world.ctx.pending_work(["im-nobody", one])
    assert bool(seen) == (state in BUSY)
    with world.ctx.begin() as connection:
        asked = {*claims.scopes_of(connection, [one])}
        asked |= {*protection.scopes_of(connection, world.now, [one]), *spot.scopes_of(connection, world.now, [one])}
    assert set(seen or ()) == asked


def test_it_sees_what_is_not_due_yet(world: World) -> None:
    one = _settled(world)
    _write(world, one, "settled_generation = 0, next_attempt_at = now() + interval '1 day'")
    assert world.ctx.pending_work([one])


def test_of_no_ids_there_is_nothing_to_see(world: World) -> None:
    _settled(world)
    assert world.ctx.pending_work([]) == []


def test_a_doorbell_with_nothing_to_do_opens_no_transaction(world: World) -> None:
    one = _settled(world)

    def never() -> None:
        raise AssertionError("a transaction was opened")

    assert reconcile(replace(world.ctx, transaction=never), [one]) == "nothing to do"  # type: ignore[arg-type]


def test_a_connection_that_was_cut_is_made_anew(world: World) -> None:
    one = _settled(world)
    assert world.ctx.pending_work([one]) == []
    _write(world, one, "settled_generation = 0")
    with world.ctx.begin() as connection:
        cut = connection.execute(
            text(
                "SELECT count(*) FROM (SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE query LIKE 'EXECUTE glance%' AND datname = current_database()) AS cut"
            )
        ).scalar_one()
    assert cut == 1
    assert world.ctx.pending_work([one])


def test_where_it_cannot_look_the_ordinary_way_is_gone(world: World) -> None:
    one = _settled(world)
    _write(world, one, "settled_generation = 0, next_attempt_at = NULL")
    nowhere = PendingWork("postgresql://nobody@127.0.0.1:1/none")
    assert nowhere([one]) is None
    assert reconcile(replace(world.ctx, pending_work=nowhere), [one]) != "nothing to do"


def test_with_the_database_away_a_person_is_told_so() -> None:
    ctx = open_context(Settings(database_url="postgresql://nobody@127.0.0.1:1/none"))
    with pytest.raises(Unavailable, match="does not answer"):
        reconcile(ctx, ["im-1"])
    ctx.dispose()
