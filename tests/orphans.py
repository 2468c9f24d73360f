"""Machines of ours without a row, as a listing would have found them."""

from __future__ import annotations

from im.db import orphans, scopes
from im.domain import tags
from im.domain.scope import Scope
from im.domain.sighting import Sighting
from im.domain.state import Observed
from tests.world import World


def an_orphan(world: World, owner: str, number: int) -> str:
    """One whose tag says that it is `owner`'s; returns the cloud's id."""
    seen = Sighting(f"fake-8{number:05}", Observed.RUNNING, "fake-1a", tags={tags.OWNER: owner})
    with world.ctx.begin() as connection:
        scope = scopes.ensure(connection, Scope("fake", "default", "fake-1"))
        orphans.write(connection, scope, {seen.provider_id: (seen, "nobody knows")}, world.now)
    return seen.provider_id
