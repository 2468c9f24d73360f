"""What waits out a fixed pause for a trouble of its whole scope is tried at once when that is over: protections, spot requests."""

from __future__ import annotations

from im.domain.spec.spot import Spot
from im.providers.errors import Unavailable
from tests.integration.reconcile.test_spot import in_row
from tests.world import World


def a_look_fails_and_the_next_succeeds(world: World) -> None:
    world.cloud.fail_next("listing", Unavailable("no route"))
    world.advance(20)


def test_a_protection_is_told_when_the_cloud_can_be_seen_again(world: World) -> None:
    world.create()
    world.advance(12)
    machine = world.row().provider_id
    assert machine is not None
    world.cloud.fail_next("protect", Unavailable("no route"))
    world.protect("web", on=True)
    world.advance(1)
    assert not world.cloud.visible(machine).protected
    a_look_fails_and_the_next_succeeds(world)  # its own pause lasts half a minute
    assert world.cloud.visible(machine).protected


def test_a_spot_request_is_ended_when_the_cloud_can_be_seen_again(world: World) -> None:
    world.create(spot=Spot())
    world.create("beside")  # so that the scope is looked at
    world.advance(12)
    machine = world.row().provider_id
    assert machine is not None
    world.cloud.outside("stop", machine)
    world.advance(30)
    world.cloud.fail_next("cancel_spot", Unavailable("no route"))
    world.cloud.outside("terminate", machine)
    while world.cloud._faults:
        world.advance(1)
    assert not in_row(world, machine, "spot_over")
    a_look_fails_and_the_next_succeeds(world)
    assert in_row(world, machine, "spot_over")
