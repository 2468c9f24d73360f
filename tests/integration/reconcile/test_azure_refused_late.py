"""Azure accepts a machine and finds only later that it has no room: the next type is tried, and nothing of the first stays."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from im.domain.spec.spot import Spot
from im.providers.request import Ask
from im.services import queries
from im.standins.azure.shapes import ADDRESS, DISK, NIC
from im.standins.books import Fault
from tests.providers.azure_room import LOCATION
from tests.providers.clouds import public_key
from tests.worlds.azure import AzureWorld, azure_world

FIRST, NEXT = "Standard_D2as_v5", "Standard_D2s_v5"


@pytest.fixture
def world(database_url: str) -> Iterator[AzureWorld]:
    with azure_world(database_url) as made:
        made.subscription.lacking.add((FIRST, LOCATION))
        yield made


def order(world: AzureWorld, *types: str, spot: Spot | None = None) -> None:
    world.create(ask=Ask(instance_type=",".join(types), public_key=public_key(), owner="ada", spot=spot))


def parts(world: AzureWorld) -> dict[str, int]:
    return {kind: len(world.subscription.of_kind(kind)) for kind in (NIC, ADDRESS, DISK)}


@pytest.mark.parametrize("spot", [None, Spot()])
def test_the_next_type_is_tried_and_the_first_machine_is_taken_away(world: AzureWorld, spot: Spot | None) -> None:
    order(world, FIRST, NEXT, spot=spot)
    world.advance(60)
    row = world.row()
    assert (world.word(), row.spec.instance_type) == ("running", NEXT)
    assert len(world.subscription.ever) == 2
    assert world.powers() == ["running"]
    assert parts(world) == {NIC: 1, ADDRESS: 1, DISK: 1}
    said = [event.reason for event in queries.history(world.ctx, row.id)]
    assert any("AllocationFailed" in one for one in said)
    (disk,) = world.subscription.of_kind(DISK)
    assert disk.body["tags"]["im:instance"] == row.id


def test_where_there_is_no_other_the_launch_has_failed_and_nothing_stays(world: AzureWorld) -> None:
    order(world, FIRST)
    world.advance(60)
    assert world.word() == "failed: no capacity"
    assert parts(world) == {NIC: 0, ADDRESS: 0, DISK: 0}


def test_what_cannot_be_taken_away_yet_is_taken_away_later(world: AzureWorld) -> None:
    lost = {"error": {"code": "InternalServerError", "message": "later"}}
    order(world, FIRST, NEXT)
    world.advance(2)
    (name,) = world.subscription.ever
    world.azure.books.plan(Fault("DELETE", f"/{name.lower()}", 500, lost), 2)
    world.advance(90)
    assert world.word() == "running"
    assert world.powers() == ["running"]
    assert parts(world) == {NIC: 1, ADDRESS: 1, DISK: 1}


def test_a_worker_that_is_killed_after_the_deletion_leaves_the_reason_at_azure(world: AzureWorld) -> None:
    order(world, FIRST, NEXT)
    world.advance(2)
    world.worker = False
    world.advance(10)
    key = next(iter(world.subscription.machines))
    world.subscription.machines[key].provisioning = "gone"  # as the killed worker had it done
    world.subscription.settle(world.now)
    world.worker = True
    world.advance(60)
    assert (world.word(), world.row().spec.instance_type) == ("running", NEXT)


def test_one_that_nobody_wants_any_more_is_taken_away_as_well(world: AzureWorld) -> None:
    order(world, FIRST)
    world.advance(3)
    world.terminate("web")
    world.advance(60)
    assert world.row().closed_at is not None
    assert parts(world) == {NIC: 0, ADDRESS: 0, DISK: 0}
