"""Whoever shelves dies once at every place where that can be, and the next one goes on: one snapshot, one machine, nothing left."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from sqlalchemy import select, text

from im import failpoints
from im.db.instances import shelf
from im.db.read import instances, ledger
from im.domain.shelf.snapshot import Made
from im.domain.shelf.table import ShelfStep, next_step, standing
from im.domain.state import Observed, OnExpiry, Why
from im.failpoints import Point
from tests.world import World

POINTS = (
    *(Point.CLAIM_WRITTEN, Point.CLAIM_COMMITTED, Point.CALL_BEGUN, Point.CALL_ANSWERED),
    *(Point.APPLY_WRITTEN, Point.APPLY_COMMITTED),
)
STEPS = (ShelfStep.SAVE, ShelfStep.WATCH, ShelfStep.REMOVE, ShelfStep.DISCARD)


class Killed(BaseException):
    """What kill -9 is to a process."""


class Once:
    """Armed at one point of one step."""

    def __init__(self, point: Point, step: ShelfStep) -> None:
        self._at = (point, step)
        self.reached = False

    def at(self, point: Point, of: str) -> None:
        if (point, of) == self._at and not self.reached:
            self.reached = True
            raise Killed


@pytest.fixture(autouse=True)
def _nothing_armed() -> Iterator[None]:
    yield
    failpoints.armed = None


def live(world: World, seconds: int) -> None:
    """Time passes; a process that dies is replaced by another one."""
    until = world.now.timestamp() + seconds
    while world.now.timestamp() < until:
        try:
            world.advance(until - world.now.timestamp())
        except Killed:
            continue


@pytest.mark.sampled(every=4)
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("point", POINTS)
def test_killed_there_and_replaced(world: World, step: ShelfStep, point: Point) -> None:
    dies = failpoints.armed = Once(point, step)  # type: ignore[assignment]
    world.create(seconds=30, on_expiry=OnExpiry.SHELVE)
    live(world, 140)
    assert (world.word(), world.machines(), len(world.cloud.pictures.kept)) == ("shelved (ttl)", [], 1)
    world.extend("web", seconds=3600)
    live(world, 70)
    assert dies.reached
    assert (world.word(), len(world.machines()), len(world.cloud.pictures.kept)) == ("running", 1, 0)
    assert (len(world.calls("snapshot")), len(world.calls("launch"))) == (1, 2)


def test_the_database_claims_by_the_very_table(world: World) -> None:
    """Rows as only hands could write them: whatever the table says of one, the statement that finds work says too."""
    rows = world.create(count=120, seconds=3600)
    dice, ids = random.Random(8), [row.id for row in rows]
    with world.ctx.begin() as connection:
        (scope,) = connection.execute(text("SELECT DISTINCT scope_id FROM instances")).scalars()
        for one in ids:
            closed = world.now if dice.random() < 0.2 else None
            values = {
                "id": one,
                "desired": dice.choice(["running", "stopped", "stopped", "terminated"]),
                "why": dice.choice(list(Why)).value,
                "observed": dice.choice([*Observed, Observed.STOPPED, Observed.RUNNING, Observed.NONE]).value,
                "provider_id": f"m-{one}" if dice.random() < 0.8 else None,
                "token": dice.random() < 0.5,
                "generation": 3,
                "settled": dice.choice([2, 3, 3]),
                "shelve": dice.choice([0, 2, 3, 3]),
                "shelf": dice.choice(["", "", "leaving", "shelved"]),
                "drift": world.now if dice.random() < 0.2 else None,
                "closed": closed,
            }
            connection.execute(
                text(
                    "UPDATE instances SET desired = :desired, why = :why, observed = :observed, provider_id = :provider_id,"
                    " launch_token = CASE WHEN :token THEN launch_token END, generation = :generation, shelf = :shelf,"
                    " settled_generation = :settled, shelve_generation = :shelve, drift_since = :drift,"
                    " closed_at = :closed WHERE id = :id"
                ),
                values,
            )
            made = {
                "id": one,
                "generation": dice.choice([2, 3]),
                "scope": scope,
                "machine": dice.choice([f"m-{one}", "m-0"]),
                "made": dice.choice(list(Made)).value,
            }
            connection.execute(
                text(
                    "INSERT INTO snapshots (instance_id, generation, scope_id, machine, made)"
                    " VALUES (:id, :generation, :scope, :machine, :made)"
                ),
                made,
            )
        # a row that waits for its first snapshot is another question: here each has one of its generation
        new = set(connection.execute(select(shelf.t.id).where(shelf.NEW)).scalars())
        found = set(shelf.waiting(connection, world.now, 1000)) - new
        known = {row.id: row for row in instances.read(connection, ids)}
        pictures = ledger.snapshots(connection, ids)
    expected = {
        one for one in ids if any(next_step(standing(known[one], s)) is not ShelfStep.REST for s in pictures[one])
    }
    assert found == expected - new
    assert 20 < len(expected) < 100, "the dice showed both"
