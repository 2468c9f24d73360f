"""Days at Azure, and their ledger done by hand: computing by the second while allocated, disk and address until the end.

Its stand-in's list: a Standard_B1s 0.0104 USD an hour, an address 0.005, a disk of 32 GB 2.40 a month.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest

from im.domain.money.amount import cents
from im.services.money import costs
from tests.integration.money.passing import billed, let_pass
from tests.worlds.azure import AzureWorld, azure_world

COMPUTING, ADDRESS, DISK = Decimal("0.0104"), Decimal("0.005"), Decimal("2.40") / 730


@pytest.fixture
def world(database_url: str) -> Iterator[AzureWorld]:
    with azure_world(database_url) as made:
        yield made


def test_what_is_deallocated_costs_its_disk_and_its_address_and_what_is_powered_off_all_of_it(
    world: AzureWorld,
) -> None:
    world.create(seconds=24 * 3600)
    let_pass(world, 24.01)
    assert world.word() == "stopped (ttl)"
    row = world.row()
    rates = costs.costs(world.ctx, [row])[row.id]
    assert (rates.now_per_hour, rates.whole) == (DISK + ADDRESS, True)
    assert rates.rates.running == COMPUTING + ADDRESS + DISK
    let_pass(world, 5.99)
    world.extend("web", seconds=24 * 3600)
    let_pass(world, 10)
    world.machine().power = "stopped"  # its guest shuts itself down, at hour 40
    let_pass(world, 0.1)
    assert world.word() == "stopped outside"
    assert world.machine().power == "deallocated"
    let_pass(world, 9.9)
    world.terminate("web")
    let_pass(world, 1)

    told = billed(world)
    assert told.known
    assert abs(told.running - timedelta(hours=34)) < timedelta(minutes=3)
    assert abs(told.compute - 34 * COMPUTING) < COMPUTING / 20
    assert abs(told.address - 50 * ADDRESS) < ADDRESS / 20
    assert abs(told.disk_running + told.disk_stopped - 50 * DISK) < DISK / 20
    assert cents(told.total) == cents(34 * COMPUTING + 50 * (ADDRESS + DISK)) == Decimal("0.77")


def test_one_that_is_powered_off_has_the_rate_of_one_that_runs(world: AzureWorld) -> None:
    world.create(seconds=3600)
    world.advance(30)
    world.machine().power = "stopped"
    world.advance(10)
    row = world.row()
    assert world.word() == "off, still billed"
    assert costs.costs(world.ctx, [row])[row.id].now_per_hour == COMPUTING + ADDRESS + DISK
