"""Where a call makes one machine: its answer is lost, and others were asked for with it.

It has a row as soon as it shows, for nobody keeps its deadline before; those that are still to come join the next launch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from im.domain.state import ALIVE
from im.standins.books import Fault
from tests.integration.clouds.places import CLOUDS
from tests.standin.server import StandIn
from tests.standin_world import Near

_ILL = {"code": "internal_error", "message": "an internal error occurred"}
_LAUNCHES: Mapping[str, tuple[str, str, Callable[[Any], Sequence[Any]]]] = {
    "crusoe": ("POST", "/compute/vms/instances", lambda world: world.project.ever),
    "lambda": ("POST", "/instance-operations/launch", lambda world: world.team.ever),
    "runpod": ("POST", "/v2/pods", lambda world: world.account.ever),
    "vast": ("PUT", "", lambda world: world.renter.ever),
}
"""The call that makes a machine, and all that were ever made."""


@pytest.mark.parametrize("cloud", _LAUNCHES)
def test_a_machine_whose_answer_was_lost_waits_for_no_other_of_its_wish(
    cloud: str, database_url: str, ec2: StandIn, clients: Near
) -> None:
    method, path, ever = _LAUNCHES[cloud]
    with CLOUDS[cloud].world(database_url, ec2, clients) as world:
        world.cloud.books.plan(Fault(method, path, 500, _ILL, after=True))
        world.create(count=2)
        world.advance(50, tick=5)
        rows = [world.row(name) for name in ("web-1", "web-2")]
        assert sorted(row.provider_id for row in rows) == sorted(map(str, ever(world)))
        assert {row.observed for row in rows} <= ALIVE
