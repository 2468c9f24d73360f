"""What the metrics say of webhooks: how many take nothing, what is under way, for how long, and what came of each attempt."""

from __future__ import annotations

import re

from im.counted import TALLY
from im.db import events
from im.domain.webhook.kind import WebhookKind
from im.domain.webhook.message import PAUSES
from im.queue.tasks import Task
from im.services.health.counters import fold
from im.services.health.metrics import exposition
from im.services.webhooks import hooks
from tests.integration.webhooks.receiver import Receiver
from tests.integration.webhooks.telling import ROOT, happens, hook
from tests.integration.webhooks.test_at_once import statements
from tests.world import World

NAMES = re.compile(r"^im_(webhook\w*)(?:\{\w+=\"(\w+)\"\})? (\S+)$", re.MULTILINE)


def measured(world: World) -> dict[str, float]:
    """Each number by its name, and by its label's value where it has one."""
    fold(world.ctx)
    return {
        f"{name} {label}".strip().removeprefix("webhook_"): float(value)
        for name, label, value in NAMES.findall(exposition(world.ctx))
    }


def test_from_the_first_message_to_the_one_that_is_given_up(world: World, receiver: Receiver) -> None:
    TALLY.forget()
    nothing = {"webhooks on": 0, "webhooks failing": 0, "webhooks off": 0}
    nothing |= {"messages_pending": 0, "oldest_pending_seconds": 0, "messages_waiting": 0, "messages_dead": 0}
    assert measured(world) == nothing
    made = hook(world, receiver.url, kinds=frozenset({WebhookKind.STOPPED}))
    world.create("web")
    world.lose_messages()
    hooks.test(world.ctx, made.webhook.id, actor=ROOT)
    world.deliver()
    assert measured(world) == {**nothing, "webhooks on": 1, "messages_total taken": 1}
    receiver.status = 500
    hooks.test(world.ctx, made.webhook.id, actor=ROOT)
    world.deliver()
    world.now += PAUSES[0]
    world.answer(Task.WEBHOOK)
    failing = {**nothing, "webhooks failing": 1, "messages_pending": 1, "messages_total taken": 1}
    assert measured(world) == {**failing, "oldest_pending_seconds": 5, "messages_total refused": 2}
    world.now += PAUSES[1]
    late = {**failing, "oldest_pending_seconds": 305, "messages_waiting": 1, "messages_total refused": 2}
    assert measured(world) == late
    hooks.change(world.ctx, made.webhook.id, on=False, actor=ROOT)
    off = {**nothing, "webhooks off": 1, "messages_total taken": 1, "messages_total refused": 2}
    assert measured(world) == off, "what waits while it is off is nobody's trouble"
    receiver.status = 410
    hooks.change(world.ctx, made.webhook.id, on=True, actor=ROOT)
    world.deliver()
    assert measured(world) == {**off, "messages_dead": 1, "messages_total dead": 1}


def test_a_scrape_asks_no_more_often_than_for_one_webhook(world: World, receiver: Receiver) -> None:
    def asked() -> int:
        with statements(world) as seen:
            exposition(world.ctx)
        return sum("webhook" in one for one in seen)

    world.create("web")
    before = asked()
    for name in ("a", "b", "c"):
        hook(world, receiver.url, name=name)
    with world.ctx.begin() as connection:
        events.record(connection, [happens(world)] * 5)
    world.deliver()
    assert asked() == before == 2
