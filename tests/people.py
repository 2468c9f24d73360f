"""Who asks, in tests."""

from __future__ import annotations

from im.domain.access import Actor, Role
from im.domain.event import Channel


def person(name: str, role: Role = Role.ADMIN) -> Actor:
    """Somebody at a command line."""
    return Actor(name, frozenset({role}), Channel.CLI, f"of-{name}")
