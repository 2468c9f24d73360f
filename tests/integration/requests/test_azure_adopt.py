"""A machine at Azure that somebody else made, named by its group and its name, is taken in and deallocated at its deadline."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from im.domain.state import Observed
from im.services import queries
from im.standins.azure.shapes import VM
from im.standins.azure.subscription import Machine
from tests.integration.typed import run
from tests.providers.azure_room import LOCATION
from tests.worlds.azure import AzureWorld, azure_world


@pytest.fixture
def world(database_url: str) -> Iterator[AzureWorld]:
    with azure_world(database_url) as made:
        yield made


def somebodys(world: AzureWorld, name: str = "old-box", **more: object) -> Machine:
    subscription = world.subscription
    subscription.groups["Theirs".lower()] = {"name": "Theirs", "location": LOCATION, "tags": {}}
    properties = {
        "hardwareProfile": {"vmSize": "Standard_B2s"},
        "storageProfile": {"imageReference": {"publisher": "Debian", "offer": "debian-12", "sku": "12-gen2"}},
        "osProfile": {"adminUsername": "them"},
        **more,
    }
    body = {"location": LOCATION, "tags": {"team": "ml"}, "properties": properties}
    made = Machine(name, "Theirs", f"00000000-0000-0000-0000-{len(name):012}", body, world.now, "Succeeded", "running")
    subscription.machines[subscription.path("Theirs", VM, name).lower()] = made
    return made


ADOPT = ("--provider", "azure", "--region", LOCATION, "-d", "1m")


def test_it_is_tagged_and_deallocated_at_its_deadline_and_never_ended(world: AzureWorld) -> None:
    machine = somebodys(world)
    world.advance(100)
    done = run(world, "adopt", "theirs/old-box", "--name", "old", *ADOPT)
    assert done.exit_code == 0, done.output
    world.advance(15)
    assert world.word("old") == "running"
    assert machine.body["tags"]["team"] == "ml"
    assert machine.body["tags"]["im:instance"] == world.row("old").id
    assert world.row("old").provider_id == "theirs/old-box"
    world.advance(90)
    assert (world.word("old"), machine.power) == ("stopped (ttl)", "deallocated")


def test_it_is_written_in_small_letters(world: AzureWorld) -> None:
    done = run(world, "adopt", "Theirs/Old-Box", *ADOPT)
    assert (done.exit_code, "did you mean theirs/old-box?" in done.output.lower()) == (2, True), done.output


def test_one_of_a_scale_set_is_the_scale_sets(world: AzureWorld) -> None:
    scale_set = "/subscriptions/s/resourceGroups/Theirs/providers/Microsoft.Compute/virtualMachineScaleSets/web"
    somebodys(world, virtualMachineScaleSet={"id": scale_set})
    run(world, "adopt", "theirs/old-box", "--name", "old", *ADOPT)
    world.advance(15)
    (row,) = queries.listing(world.ctx, everything=True).rows
    assert row.closed_at is not None
    assert "the scale set web" in str(row.error)


def test_its_namesake_is_never_touched(world: AzureWorld) -> None:
    somebodys(world)
    run(world, "adopt", "theirs/old-box", "--name", "old", *ADOPT)
    world.advance(15)
    another = somebodys(world)
    another.vm_id = "00000000-0000-0000-0000-000000000099"
    world.advance(120)
    assert another.power == "running"
    assert world.row("old").observed is not Observed.STOPPED
