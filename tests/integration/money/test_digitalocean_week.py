"""A scripted week at DigitalOcean, and its ledger done by hand: every second that a droplet exists, stopped or not, a cent
at least, and no more than a month's price.

Its stand-in's list: an s-1vcpu-1gb 0.00893 dollars an hour and 6 a month, disk and address in that.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest

from im.domain.money.amount import cents
from im.domain.money.bill import Window
from im.domain.state import OnExpiry
from im.services.money import budgets, costs, report
from tests.integration.money.passing import billed, let_pass
from tests.integration.typed import answer
from tests.people import person
from tests.world import START
from tests.worlds.digitalocean import DigitalOceanWorld, digitalocean_world

HOUR, MONTH, CENT = Decimal("0.00893"), Decimal(6), Decimal("0.01")


@pytest.fixture
def world(database_url: str) -> Iterator[DigitalOceanWorld]:
    with digitalocean_world(database_url) as made:
        yield made


@pytest.mark.long
def test_a_week_of_stops_starts_and_a_hand_costs_every_second_that_a_droplet_exists(world: DigitalOceanWorld) -> None:
    world.create(seconds=24 * 3600)
    let_pass(world, 24.01)
    let_pass(world, 5.99)
    assert world.word() == "stopped (ttl)"
    world.extend("web", seconds=24 * 3600)
    let_pass(world, 10)
    world.by_hand("off")  # hour 40
    let_pass(world, 10)
    assert world.word() == "stopped outside"
    world.create("short", seconds=3600)
    let_pass(world, 0.1)
    world.terminate("short")
    let_pass(world, 50)
    world.terminate("web")
    let_pass(world, 67.9)  # hour 168

    told = billed(world)
    # it was there from hour 0 to hour 100.1, of which it ran 24 and 10
    assert cents(told.total) == cents(Decimal("100.1") * HOUR) == Decimal("0.89")
    assert (told.compute, told.address, told.known) == (told.total, 0, True)
    assert abs(told.running - timedelta(hours=34)) < timedelta(minutes=1)
    assert abs(told.stopped - timedelta(hours=66)) < timedelta(minutes=10)
    # six minutes come to 0.0009
    assert billed(world, name="short").total == CENT
    week = report.report(world.ctx, "day", timedelta(days=8))
    assert cents(sum(line.bill.total for line in week.lines)) == cents(week.total.bill.total) == Decimal("0.90")


@pytest.mark.long
def test_a_month_costs_its_price_at_most_and_the_next_one_begins_afresh(world: DigitalOceanWorld) -> None:
    world.create(seconds=3600)
    let_pass(world, 1.01)
    assert world.word() == "stopped (ttl)"
    world.now = START.replace(month=2, day=1, hour=3)
    world.advance(20)
    # 732 hours of January would be 6.54
    assert cents(732 * HOUR) == Decimal("6.54")
    january = Window(START.replace(day=1, hour=0), START.replace(month=2, day=1, hour=0))
    assert billed(world, january).total == MONTH
    assert cents(billed(world).total) == MONTH + cents(3 * HOUR)


def test_a_stopped_droplet_costs_what_a_running_one_does_and_the_agenda_says_so(world: DigitalOceanWorld) -> None:
    world.create("web", seconds=24 * 3600)
    world.create("short", seconds=24 * 3600, on_expiry=OnExpiry.TERMINATE)
    world.advance(20)
    world.stop("web")
    world.advance(20)
    row = world.row()
    assert (world.word(), costs.costs(world.ctx, [row])[row.id].now_per_hour) == ("stopped", HOUR)
    world.extend("web", seconds=24 * 3600)
    world.advance(20)
    ends, stops = sorted(answer(world, "agenda"), key=lambda one: str(one["what"] == "stop"))
    assert (ends["name"], ends["note"], ends["usd_per_hour_afterwards"]) == ("short", None, "0.000000")
    assert "a stopped machine costs as much as a running one, until it is terminated. Next: im terminate web" in str(
        stops["note"]
    )
    assert Decimal(stops["usd_per_hour_afterwards"]) == HOUR


def test_a_budget_counts_what_no_deadline_ends_to_the_end_of_the_month(world: DigitalOceanWorld) -> None:
    world.create("one", seconds=3600)
    world.advance(30)
    budgets.write(world.ctx, "ada", Decimal(10), actor=person("ada"))
    (use,) = budgets.of(world.ctx, "ada")
    assert use.spent + use.promised == MONTH
    world.create("two", seconds=3600, on_expiry=OnExpiry.TERMINATE)
    (use,) = budgets.of(world.ctx, "ada")
    assert use.spent + use.promised == MONTH + CENT, "an hour is less than the cent that is charged at least"
