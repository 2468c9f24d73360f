"""Many deadlines in one second at a cloud that answers 250 calls a minute: it is never asked more, and all are stopped."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from tests.worlds.digitalocean import digitalocean_world

MANY = 80
"""More than may be stopped at once."""


@pytest.mark.long
def test_a_fleets_deadline_never_asks_more_than_is_answered(database_url: str) -> None:
    with digitalocean_world(database_url) as world:
        world.create(count=MANY, seconds=900)
        world.advance(60)
        assert {one.status for one in world.team.droplets.values()} == {"active"}
        assert len(world.cloud.books.changes("/droplets")) == MANY / 10
        world.now += timedelta(minutes=13)
        world.advance(300, tick=10)
        assert {one.status for one in world.team.droplets.values()} == {"off"}
        calls = world.cloud.books.entries
        assert {one.status for one in calls} <= {200, 201, 202, 204, 404}
        assert max(Counter(one.at.replace(second=0) for one in calls).values()) <= 250
        first = min(one.at for one in calls if one.path.endswith("/actions") and one.method == "POST")
        soon = [one for one in calls if one.path.endswith("/actions") and one.at - first < timedelta(seconds=10)]
        assert len([one for one in soon if one.method == "POST"]) >= 60, "the first of them at once"
