"""A machine that its TTL has stopped, and the time until its second deadline."""

from __future__ import annotations

from datetime import timedelta

from im.domain.state import Observed
from tests.world import World


def asleep(world: World, *, keep: str = "1h", protect: bool = False, seconds: float = 60) -> None:
    """`web`, stopped by its TTL and seen so; its second deadline is dated."""
    world.create(seconds=seconds, keep_stopped=keep, protect=protect)
    world.advance(seconds + 45)
    assert world.at_cloud() is Observed.STOPPED
    assert world.word() == "stopped (ttl)"


def sleep_on(world: World, seconds: float) -> None:
    """Time jumps to a minute before the end; the fleet lives through the rest."""
    world.now += timedelta(seconds=seconds - 60)
    world.advance(60)
