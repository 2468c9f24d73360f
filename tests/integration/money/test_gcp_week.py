"""A scripted week at Google Cloud, and its ledger done by hand: seconds, a minute at least for each start, and disks that go on.

By the table that travels: an e2-small in us-central1 is half a vCPU at 0.02181159 and 2 GB at 0.00292353 an hour, its address 0.005
while it runs, its disk of 10 GB 0.10 a GB and month.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest

from im.domain.money.amount import cents
from im.services.money import costs
from tests.integration.money.passing import billed, let_pass
from tests.worlds.gcp import GcpWorld, gcp_world

COMPUTING = Decimal("0.02181159") / 2 + Decimal("0.00292353") * 2
ADDRESS = Decimal("0.005")
DISK = 10 * Decimal("0.1") / 730
MINUTE = timedelta(minutes=1)


@pytest.fixture
def world(database_url: str) -> Iterator[GcpWorld]:
    with gcp_world(database_url) as made:
        yield made


def exactly(span: timedelta) -> Decimal:
    return Decimal(span // timedelta(microseconds=1)) / Decimal(3_600_000_000)


@pytest.mark.long
def test_a_week_costs_its_running_seconds_and_its_disk_all_along(world: GcpWorld) -> None:
    world.create(seconds=24 * 3600)
    let_pass(world, 24.01)
    let_pass(world, 5.99)
    assert world.word() == "stopped (ttl)"
    world.extend("web", seconds=24 * 3600)
    let_pass(world, 10)
    world.project.go(world.machine(), "STOPPING", "TERMINATED")  # at the console, hour 40
    let_pass(world, 10)
    assert world.word() == "stopped outside"
    world.create("short", seconds=3600)
    world.advance(15)
    world.terminate("short")
    let_pass(world, 50)
    world.terminate("web")
    let_pass(world, 67.9)  # hour 168

    told = billed(world)
    assert told.known
    assert abs(told.running - timedelta(hours=34)) < MINUTE
    assert abs(told.stopped - timedelta(hours=66)) < 10 * MINUTE
    assert told.compute == exactly(told.running) * COMPUTING
    assert told.address == exactly(told.running) * ADDRESS
    disk = told.disk_running + told.disk_stopped
    assert abs(disk - exactly(told.running + told.stopped) * DISK) < Decimal("0.0000001")
    by_hand = 34 * (COMPUTING + ADDRESS) + 100 * DISK
    assert (cents(told.total), cents(by_hand)) == (Decimal("0.88"), Decimal("0.88"))
    short = billed(world, name="short")
    assert short.compute == COMPUTING / 60, "a minute at least, though it ran for seconds"
    assert short.running < MINUTE


def test_a_stopped_machine_costs_its_disk_alone(world: GcpWorld) -> None:
    world.create(seconds=3600)
    world.advance(30)
    row = world.row()
    running = costs.costs(world.ctx, [row])[row.id]
    assert (running.now_per_hour, running.whole) == (COMPUTING + ADDRESS + DISK, True)
    world.stop("web")
    world.advance(30)
    stopped = costs.costs(world.ctx, [world.row()])[row.id]
    assert (world.word(), stopped.now_per_hour, stopped.whole) == ("stopped", DISK, True)
    world.terminate("web")
    world.advance(30)
    assert costs.costs(world.ctx, [world.row()])[row.id].now_per_hour == 0
