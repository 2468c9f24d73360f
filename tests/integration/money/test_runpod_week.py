"""A scripted week at RunPod, and its ledger done by hand: every second that a pod runs, with the disk of its container; its volume
as long as it is there, at twice the price while it is stopped.

Its stand-in's list: an RTX 4090 0.69 dollars an hour. RunPod's manual: a GB of either disk 0.10 a month of 730 hours.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest

from im.domain.money.amount import cents
from im.domain.spec.disk import Disk
from im.providers.request import Ask
from im.services.money import report
from tests.integration.money.passing import billed, let_pass
from tests.providers.clouds import public_key
from tests.worlds.runpod import RunPodWorld, runpod_world

GPU, GB = Decimal("0.69"), Decimal("0.10") / 730
SMALL, LARGE = GPU + 20 * GB, 2 * GPU + 200 * GB
"""Of a pod whose container has 20 GB, and of one with two GPUs and 200 GB."""


@pytest.fixture
def world(database_url: str) -> Iterator[RunPodWorld]:
    with runpod_world(database_url) as made:
        yield made


@pytest.mark.long
def test_a_week_costs_its_seconds_with_the_containers_disk_and_the_volume_that_is_kept(world: RunPodWorld) -> None:
    large = Ask(public_key=public_key(), owner="ada", instance_type="rtx4090-x2", root_disk=Disk(200))
    world.create("day", seconds=24 * 3600)
    let_pass(world, 24.01, 40)
    world.create("large", seconds=3600, ask=large)
    let_pass(world, 1.01, 40)
    let_pass(world, 2, 40)
    assert world.statuses("day") == world.statuses("large") == ["EXITED"]
    world.terminate("large")
    let_pass(world, 140, 40)

    day, two = billed(world, name="day"), billed(world, name="large")
    # from the pod's start, some seconds after its launch, to the look that showed it stopped
    for bill, hourly, hours in ((day, SMALL, 24), (two, LARGE, 1)):
        ran = Decimal(bill.running / timedelta(hours=1))
        assert abs(ran - hours) < Decimal("0.02")
        assert cents(bill.compute) == cents(ran * hourly)
    kept = Decimal(day.stopped / timedelta(hours=1))
    assert abs(kept - 143) < 1
    assert cents(day.disk_running) == cents(24 * 20 * GB)
    assert cents(day.disk_stopped) == cents(kept * 20 * GB * 2)
    assert abs(two.disk_stopped - 2 * 20 * GB * 2) < GB, "and then its volume is gone"
    assert day.address == two.address == 0
    week = report.report(world.ctx, "day", timedelta(days=8))
    assert cents(week.total.bill.total) == cents(day.total + two.total)
