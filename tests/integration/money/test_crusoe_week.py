"""A scripted week at Crusoe, and its ledger done by hand: every minute that has begun while a machine runs, and its disk as long
as it is there.

The built-in table of 2026-09-20: a c1a.2x 0.08 dollars an hour, an l40s-48gb.1x 1.50, a GiB of disk 0.08 a month of 730 hours.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest

from im.domain.money.amount import cents
from im.services.money import report
from tests.integration.money.passing import billed, let_pass
from tests.worlds.crusoe import CrusoeWorld, crusoe_world

SMALL, GPU = Decimal("0.08") / 60, Decimal("1.50") / 60
DISK = 128 * Decimal("0.08") / 730
AT_FIRST = 40
"""Seconds; a launch takes its time here."""


@pytest.fixture
def world(database_url: str) -> Iterator[CrusoeWorld]:
    with crusoe_world(database_url) as made:
        yield made


@pytest.mark.long
def test_a_week_of_deadlines_costs_the_minutes_that_it_ran_and_the_disk_that_is_kept(world: CrusoeWorld) -> None:
    world.create("day", seconds=24 * 3600)
    let_pass(world, 24.01, AT_FIRST)
    world.create("gpu", seconds=3600, kind="l40s-48gb.1x")
    let_pass(world, 1.01, AT_FIRST)
    let_pass(world, 1, AT_FIRST)
    assert world.states("day") == world.states("gpu") == ["STOPPED"]
    world.terminate("gpu")
    let_pass(world, 140, AT_FIRST)

    day, gpu = billed(world, name="day"), billed(world, name="gpu")
    # from some seconds after the launch to some seconds after the deadline
    assert day.compute == 24 * 60 * SMALL
    assert gpu.compute == 60 * GPU
    assert abs(day.disk_running + day.disk_stopped - 166 * DISK) < DISK, "it stands still, and its disk costs on"
    assert abs(gpu.disk_running + gpu.disk_stopped - 2 * DISK) < DISK / 10
    assert day.address == gpu.address == 0
    week = report.report(world.ctx, "day", timedelta(days=8))
    assert cents(week.total.bill.total) == cents(day.total + gpu.total)
