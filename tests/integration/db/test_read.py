"""Looks by the driver alone: they see what SQLAlchemy's connection sees, change nothing, and end in words without a database."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg2.errors
import pytest

from im.db.money import prices
from im.db.read import health, instances, ledger
from im.db.read.connection import ReadConnection, ReadTransaction, ask, database_clock
from im.domain.errors import Refused, Unavailable
from im.domain.money.bill import Item, Price
from im.services.deadlines import holds
from tests.people import person
from tests.world import World

SMALL = Item("fake", "fake-1", "small")
Ask = Callable[[Any, list[str], datetime], object]
ASKED: Mapping[str, Ask] = {
    "listed": lambda c, ids, now: instances.listed(c, everything=True, owner=None),
    "listed of one": lambda c, ids, now: instances.listed(c, everything=False, owner="ada"),
    "read": lambda c, ids, now: instances.read(c, [*reversed(ids), "im-none"]),
    "matching": lambda c, ids, now: instances.matching(c, ["a", ids[1]]),
    "past deadline": lambda c, ids, now: instances.past_deadline(c, now + timedelta(days=1)),
    "living names": lambda c, ids, now: sorted(instances.living_names(c)),
    "story": lambda c, ids, now: instances.story(c, ids),
    "guards": lambda c, ids, now: instances.guards(c, ids),
    "since": lambda c, ids, now: instances.since(c, now, "ada"),
    "sight": lambda c, ids, now: replace(health.sight(c), at=now),
    "in use": lambda c, ids, now: health.in_use(c),
    "holds": lambda c, ids, now: health.holds(c, now),
    "given up": lambda c, ids, now: health.given_up(c),
    "intervals": lambda c, ids, now: ledger.intervals(c),
    "intervals since": lambda c, ids, now: ledger.intervals(c, ids[1:], since=now),
    "deadlines": lambda c, ids, now: ledger.deadlines(c, ids),
    "prices": lambda c, ids, now: ledger.prices(c, [SMALL, Item("fake", "fake-1", "none")]),
}
EMPTY = {"guards", "given up"}
"""The cloud in memory has no deadline of its own, and no start has failed."""


@pytest.fixture
def eyes(database_url: str) -> Iterator[ReadConnection]:
    made = ReadConnection(database_url)
    yield made
    made.close()


def test_both_connections_are_told_the_same(world: World, eyes: ReadConnection) -> None:
    """jsonb, arrays, numbers and moments with their zone: as the same domain objects, whoever fetched them."""
    ids = [row.id for row in (*world.create("a", keep_stopped="2h"), *world.create("b", count=2, protect=True))]
    world.advance(40)
    world.stop("a")
    world.advance(30)
    holds.pause(world.ctx, timedelta(hours=1), actor=person("ada"), reason="5 % of 'it' at {once}")
    with world.ctx.begin() as connection:
        prices.write(connection, {SMALL: [Price(Decimal("0.0123"), world.now, "a test")]}, world.now)
    with world.ctx.begin() as connection, eyes.look() as looking:
        assert isinstance(looking, ReadTransaction)
        told = {asked: ask(looking, ids, world.now) for asked, ask in ASKED.items()}
        assert told == {asked: ask(connection, ids, world.now) for asked, ask in ASKED.items()}
    assert {asked for asked, answer in told.items() if not answer} == EMPTY


def test_a_look_can_change_nothing(world: World, eyes: ReadConnection) -> None:
    world.create("a")
    with pytest.raises(Refused, match="may not do this") as caught, eyes.look() as looking:
        ask(looking, "DELETE FROM events RETURNING id")
    assert isinstance(caught.value.__cause__, psycopg2.errors.ReadOnlySqlTransaction)
    with eyes.look() as looking:
        assert ask(looking, "SELECT count(*) FROM events")[0][0] > 0


def test_a_look_ends_its_transaction(world: World, eyes: ReadConnection) -> None:
    with eyes.look() as looking:
        ((pid,),) = ask(looking, "SELECT pg_backend_pid()")
    with world.ctx.begin() as connection:
        ((state,),) = ask(connection, "SELECT state FROM pg_stat_activity WHERE pid = %(pid)s", pid=pid)
    assert state == "idle"


def test_a_connection_that_was_cut_between_two_looks_is_made_anew(world: World, eyes: ReadConnection) -> None:
    with eyes.look() as looking:
        ((pid,),) = ask(looking, "SELECT pg_backend_pid()")
    with world.ctx.begin() as connection:
        assert ask(connection, "SELECT pg_terminate_backend(%(pid)s, 5000)", pid=pid)[0][0]
    with eyes.look() as looking:
        assert ask(looking, "SELECT pg_backend_pid()")[0][0] != pid


def test_cut_in_the_middle_it_says_so_and_the_next_look_is_whole(world: World, eyes: ReadConnection) -> None:
    def cut_while_looking() -> None:
        with eyes.look() as looking:
            ((pid,),) = ask(looking, "SELECT pg_backend_pid()")
            with world.ctx.begin() as connection:
                ask(connection, "SELECT pg_terminate_backend(%(pid)s, 5000)", pid=pid)
            database_clock(looking)

    with pytest.raises(Unavailable, match="does not answer"):
        cut_while_looking()
    with eyes.look() as looking:
        assert database_clock(looking).tzinfo is not None


def test_a_schema_that_is_not_ours_is_told_with_the_way_out(eyes: ReadConnection) -> None:
    with pytest.raises(Unavailable, match="not been migrated") as refused, eyes.look() as looking:
        ask(looking, "SELECT nothing FROM nowhere")
    assert refused.value.hint == "run `im db upgrade`"
