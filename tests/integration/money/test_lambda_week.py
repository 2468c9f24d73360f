"""A scripted week at Lambda, and its ledger done by hand: every minute that has begun, from the first look that showed a machine
running; booting costs nothing.

Its stand-in's list: a gpu_1x_a10 1.29 dollars an hour, a gpu_8x_h100_sxm5 31.92, disk and address in that.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest

from im.domain.money.amount import cents
from im.services.money import report
from tests.integration.money.passing import billed, let_pass
from tests.worlds.lambda_cloud import LambdaWorld, lambda_world

SMALL, HUGE = Decimal("1.29") / 60, Decimal("31.92") / 60
AT_FIRST = 40
"""Seconds; a launch takes its time here."""


@pytest.fixture
def world(database_url: str) -> Iterator[LambdaWorld]:
    with lambda_world(database_url) as made:
        yield made


@pytest.mark.long
def test_a_week_of_deadlines_an_extend_and_a_hand_costs_every_minute_that_has_begun(world: LambdaWorld) -> None:
    world.create("day", seconds=24 * 3600)
    let_pass(world, 24.01, AT_FIRST)
    world.create("huge", seconds=3600, kind="gpu_8x_h100_sxm5", zone="us-west-3")
    world.advance(40)
    world.extend("huge", seconds=1800)
    let_pass(world, 1.5, AT_FIRST)
    world.create("by-hand", seconds=8 * 3600)
    world.advance(60)
    born = world.row("by-hand")
    let_pass(world, 2, AT_FIRST)
    world.team.end(world.team.instances[str(born.provider_id)])
    seconds = 2 * 3600 + 60
    world.advance(60)
    let_pass(world, 140, AT_FIRST)

    assert world.row("day").closed_at is not None
    # from some seconds after the launch to some seconds after the deadline
    assert billed(world, name="day").total == 24 * 60 * SMALL
    assert cents(billed(world, name="huge").total) == cents(90 * HUGE) == Decimal("47.88")
    hand = billed(world, name="by-hand").total / SMALL
    assert abs(float(hand) - seconds / 60) <= 1
    assert hand == int(hand)
    week = report.report(world.ctx, "day", timedelta(days=8))
    parts = [billed(world, name=name).total for name in ("day", "huge", "by-hand")]
    assert cents(week.total.bill.total) == cents(sum(parts, Decimal(0)))
    assert {billed(world, name=name).address for name in ("day", "huge", "by-hand")} == {0}
