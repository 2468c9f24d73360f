"""A message leaves as soon as what it tells of is committed; the tick is the net beneath, and who has no webhook pays nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event

from im.db import events
from im.db.people import audit
from im.domain.event import EventKind
from im.domain.webhook.kind import WebhookKind
from im.queue.tasks import Task
from im.services.webhooks.send import send
from tests.integration.webhooks.receiver import Receiver
from tests.integration.webhooks.telling import happens, hook, states
from tests.people import person
from tests.world import World, database_of

RUNNING = frozenset({WebhookKind.RUNNING})


@contextmanager
def statements(world: World) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    engine = database_of(world.ctx.settings.database_url).engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def rung(world: World) -> int:
    return sum(bell.task is Task.WEBHOOK for bell in world.queue.rung)


def test_without_a_tick_it_is_sent_at_the_very_moment(world: World, receiver: Receiver) -> None:
    made = hook(world, receiver.url, kinds=RUNNING)
    world.beat = False
    world.create("web")
    world.advance(9)
    (got,) = receiver.taken
    (told,) = [one for one in world.story() if one.kind == EventKind.RUNNING]
    assert int(got.headers["webhook-timestamp"]) == int(told.at.timestamp())
    assert states(world, made) == [("running", "taken")]


def test_what_is_not_committed_rings_for_nobody(world: World, receiver: Receiver) -> None:
    hook(world, receiver.url, kinds=RUNNING)
    world.create("web")
    before = rung(world)
    with suppress(ZeroDivisionError), world.ctx.begin() as connection:
        events.record(connection, [happens(world)])
        raise ZeroDivisionError
    assert rung(world) == before
    with world.ctx.begin() as connection:  # on the same connection of the pool, most likely
        audit.record(connection, person("ada"), "nothing", "ada", "", world.now)
    assert rung(world) == before
    with world.ctx.begin() as connection:
        events.record(connection, [happens(world)] * 3)
    assert rung(world) == before + 1, "once for a transaction, whatever it holds"


def test_a_doorbell_that_is_lost_costs_a_tick_and_nothing_else(world: World, receiver: Receiver) -> None:
    made = hook(world, receiver.url, kinds=RUNNING)
    world.create("web")
    with world.ctx.begin() as connection:
        events.record(connection, [happens(world)])
    world.lose_messages()
    world.queue.down = True
    with world.ctx.begin() as connection:  # a broker that is away: it is stored all the same
        events.record(connection, [happens(world)])
    world.queue.down = False
    assert receiver.asked == []
    world.beat, world.cloud.takes = True, timedelta(hours=1)
    world.advance(10)
    assert len({one.id for one in receiver.taken}) == len(receiver.taken) == 2
    assert [state for _, state in states(world, made)] == ["taken"] * 2


def test_many_doorbells_and_many_workers_send_it_once(world: World, receiver: Receiver) -> None:
    hook(world, receiver.url, kinds=RUNNING)
    world.create("web")
    world.lose_messages()
    with world.ctx.begin() as connection:
        events.record(connection, [happens(world)])
    receiver.before_answer = lambda: (send(replace(world.ctx, worker="another")), None)[1]  # in the middle of the call
    for _ in range(3):
        world.queue.ring(Task.WEBHOOK)
    world.deliver()
    assert len(receiver.asked) == 1


def test_one_that_takes_nothing_is_not_asked_with_every_event(world: World, receiver: Receiver) -> None:
    hook(world, receiver.url, kinds=RUNNING)
    world.create("web")
    world.lose_messages()
    receiver.status = 500
    with world.ctx.begin() as connection:
        events.record(connection, [happens(world)])
    world.deliver()
    assert len(receiver.asked) == 1
    before = rung(world)
    for _ in range(20):
        with world.ctx.begin() as connection:
            events.record(connection, [happens(world)])
        world.deliver()
    assert (rung(world), len(receiver.asked)) == (before, 1)
    receiver.status = 200
    world.advance(10)
    assert len(receiver.taken) == 21, "the tick asks again, and sends all of it once it is taken"
    with world.ctx.begin() as connection:
        events.record(connection, [happens(world)])
    assert rung(world) == before + 2, "and from then on it is told at once"


@pytest.mark.parametrize(("kind", "asked"), [(EventKind.RUNNING, 1), (EventKind.CREATE_REQUESTED, 0)])
def test_without_a_webhook_an_event_costs_what_it_did(world: World, kind: EventKind, asked: int) -> None:
    """Its own INSERT, and where webhooks might want it one question whether there is any; nobody is rung for."""
    world.create("web")
    one = happens(world, kind=kind)
    with statements(world) as seen, world.ctx.begin() as connection:
        events.record(connection, [one])
    assert len(seen) == 1 + asked, seen
    world.advance(60)
    assert rung(world) == 0
