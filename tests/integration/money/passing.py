"""Days that pass in a moment, and what they come to in the ledger."""

from __future__ import annotations

from datetime import timedelta

from im.domain.money.bill import Bill, Window
from im.queue.tasks import Task
from im.services.money import costs
from tests.world import World


def let_pass(world: World, hours: float, at_first: float = 20) -> None:
    """In `at_first` seconds the fleet does what is to be done; time jumps to a minute before the end, which it lives through."""
    target = world.now + timedelta(hours=hours)
    world.advance(at_first)
    world.now = target - timedelta(seconds=60)
    for task in (Task.REFRESH, Task.ENFORCE_TTL):
        world.queue.ring(task)
    world.advance(60)
    assert world.now == target


def billed(world: World, window: Window | None = None, name: str = "web") -> Bill:
    with world.ctx.begin() as connection:
        found = costs.ledger(connection, [world.row(name)], world.now)
    return found.bill(world.row(name), window)
