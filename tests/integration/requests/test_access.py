"""A member's request on what is somebody else's changes nothing, whichever it is; an admin's does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from im.domain.access import Actor, Role
from im.domain.errors import Denied
from im.domain.intent import Deadline
from im.services.requests import change
from im.services.requests.result import Answer
from tests.people import person
from tests.world import World

HOUR = Deadline(by=timedelta(hours=1))
REQUESTS: dict[str, Callable[[World, list[str], Actor], Answer]] = {
    "extend": lambda world, ids, actor: change.extend(world.ctx, ids, HOUR, actor=actor),
    "start": lambda world, ids, actor: change.start(world.ctx, ids, HOUR, actor=actor),
    "stop": lambda world, ids, actor: change.stop(world.ctx, ids, actor=actor),
    "protect": lambda world, ids, actor: change.protect(world.ctx, ids, on=True, actor=actor),
    "terminate": lambda world, ids, actor: change.terminate(world.ctx, ids, actor=actor),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_one_row_of_somebody_else_and_none_is_changed(world: World, name: str) -> None:
    (mine,) = world.create("mine", actor="ada")
    (hers,) = world.create("hers", actor="eve")
    before = [world.row("mine"), world.row("hers")]
    with pytest.raises(Denied, match="this one is eve's"):
        REQUESTS[name](world, [mine.id, hers.id], person("ada", Role.MEMBER))
    assert [world.row("mine"), world.row("hers")] == before
    REQUESTS[name](world, [mine.id], person("ada", Role.MEMBER))
    REQUESTS[name](world, [hers.id], person("ada", Role.ADMIN))
    assert [world.row("mine"), world.row("hers")] != before


def test_a_member_of_a_team_changes_what_is_the_teams(world: World) -> None:
    (ours,) = world.create("ours", actor="web-team")
    ada = replace(person("ada", Role.MEMBER), teams=frozenset({"web-team"}))
    change.stop(world.ctx, [ours.id], actor=ada)
    (event,) = [one for one in world.story("ours") if one.kind == "stop requested"]
    assert (event.actor, event.channel, event.request_id) == ("ada", "cli", "of-ada")
    with pytest.raises(Denied):
        change.stop(world.ctx, [ours.id], actor=person("ada", Role.MEMBER))
