"""A scripted week at Vast, and its ledger done by hand: the GPU for every second that it runs, at the price of its own host, and
the disk from the first moment of the contract to its last.

Its stand-in's market: the best RTX 4090 0.32 dollars an hour, its host's disk 0.20 a GB and month of 730 hours.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest

from im.domain.money.amount import cents
from im.services.money import report
from tests.integration.money.passing import billed, let_pass
from tests.worlds.vast import VastWorld, vast_world

GPU, DISK = Decimal("0.32"), 32 * Decimal("0.20") / 730


@pytest.fixture
def world(database_url: str) -> Iterator[VastWorld]:
    with vast_world(database_url) as made:
        yield made


@pytest.mark.long  # that of RunPod, whose rules are the odder ones, is in the gate
def test_a_week_costs_the_seconds_that_it_ran_and_the_disk_until_it_is_destroyed(world: VastWorld) -> None:
    world.create("day", seconds=24 * 3600)
    let_pass(world, 24.02, 60)
    let_pass(world, 48, 60)
    assert world.statuses("day") == ["exited"]
    world.terminate("day")
    world.create("hour", seconds=3600)
    let_pass(world, 1.02, 60)
    world.terminate("hour")
    let_pass(world, 90, 60)

    day, hour = billed(world, name="day"), billed(world, name="hour")
    for bill, hours in ((day, 24), (hour, 1)):
        ran = Decimal(bill.running / timedelta(hours=1))
        assert abs(ran - hours) < Decimal("0.03")
        assert cents(bill.compute) == cents(ran * GPU)
        assert cents(bill.disk_running) == cents(ran * DISK)
    kept = Decimal(day.stopped / timedelta(hours=1))
    assert abs(kept - 48) < Decimal("0.1")
    assert cents(day.disk_stopped) == cents(kept * DISK)
    assert day.address == hour.address == 0
    week = report.report(world.ctx, "day", timedelta(days=8))
    assert cents(week.total.bill.total) == cents(day.total + hour.total)
