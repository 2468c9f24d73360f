"""A broker that answers and takes nothing: workers live on, and their sweepers do from the database what nobody can ring for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from im.context import Context, open_context
from im.domain.intent import Deadline
from im.providers.request import Ask
from im.services.requests import create
from im.services.requests import order as requests_order
from tests.chaos.soak.room import Room
from tests.people import person
from tests.providers.clouds import public_key

WITHIN = 40.0
"""Seconds of a slow machine; a sweep looks every five."""


@pytest.fixture
def room() -> Iterator[Room]:
    """One worker, and no beat: nothing but its sweeper will act on a row that nobody rang for."""
    made = Room(0, lambda _: None, cloud={"delays": {"launch": 0.5, "stop": 0.5}})
    try:
        made.open(fleet=("worker-1",))
        yield made
    finally:
        made.close(keep=False)


def _ask_for_one(ctx: Context) -> bool:
    order = requests_order.Order(
        "aws",
        "default",
        Ask(public_key=public_key(), owner="ada"),
        None,
        1,
        Deadline(by=timedelta(hours=1)),
        person("ada"),
    )
    return create.create(ctx, order).rang


def test_given_a_broker_without_memory_then_read_only_what_is_asked_for_is_launched_by_the_same_worker(
    room: Room,
) -> None:
    ctx = open_context(room.settings)
    try:
        with room.broker() as hand:
            hand.config_set("maxmemory", 1)
        assert not _ask_for_one(ctx)
        room.wait_for(lambda: len(room.control.machines()) == 1, WITHIN, "the first machine")
        with room.broker() as hand:
            hand.config_set("maxmemory", 0)
            hand.execute_command("REPLICAOF", "127.0.0.1", "1")
        assert not _ask_for_one(ctx)
        room.wait_for(lambda: len(room.control.machines()) == 2, WITHIN, "the second machine")
    finally:
        ctx.dispose()
    assert room.children["worker-1"].starts == 1
