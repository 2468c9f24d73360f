"""A scripted week at Nebius, and its ledger done by hand: every second that a machine runs, and its disk as long as it is there.

Its stand-in's calculator tells the prices, of a machine with a GPU and of one without, and of a GiB of the usual disk.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest

from im.domain.money.amount import cents
from im.services.money import report
from im.standins.nebius import catalog
from tests.integration.money.passing import billed, let_pass
from tests.worlds.nebius import NebiusWorld, nebius_world

_GIB = Decimal(catalog.MONTHLY["NETWORK_SSD"]) / 720
"""USD an hour."""
H200 = "gpu-h200-sxm_1gpu-16vcpu-200gb"


@pytest.fixture
def world(database_url: str) -> Iterator[NebiusWorld]:
    with nebius_world(database_url) as made:
        yield made


@pytest.mark.long  # that of RunPod, whose rules are the odder ones, is in the gate
def test_a_week_costs_the_seconds_that_it_ran_and_the_disk_that_is_kept(world: NebiusWorld) -> None:
    world.create("day", seconds=24 * 3600)
    let_pass(world, 24.02, 60)
    world.create("gpu", seconds=3600, kind=H200)
    let_pass(world, 1.02, 60)
    let_pass(world, 2, 60)
    assert world.states("day") == world.states("gpu") == ["STOPPED"]
    world.terminate("gpu")
    let_pass(world, 140, 60)

    for name, kind, hours in (
        ("day", ("cpu-d3", "4vcpu-16gb"), 24),
        ("gpu", ("gpu-h200-sxm", H200.partition("_")[2]), 1),
    ):
        bill, price = billed(world, name=name), Decimal(catalog.PRESETS[kind].usd)
        ran = Decimal(bill.running / timedelta(hours=1))
        assert abs(ran - hours) < Decimal("0.03")
        assert cents(bill.compute) == cents(ran * price)
        disk = (world.row(name).spec.disks[0].size_gb or 0) * _GIB
        assert disk > 0
        assert cents(bill.disk_running) == cents(ran * disk)
        assert cents(bill.disk_stopped) == cents(Decimal(bill.stopped / timedelta(hours=1)) * disk)
    day, gpu = billed(world, name="day"), billed(world, name="gpu")
    assert abs(gpu.stopped - timedelta(hours=2)) < timedelta(minutes=5)
    assert abs(day.stopped - timedelta(hours=143)) < timedelta(hours=1)
    assert day.address == gpu.address == 0
    week = report.report(world.ctx, "day", timedelta(days=8))
    assert cents(week.total.bill.total) == cents(day.total + gpu.total)
