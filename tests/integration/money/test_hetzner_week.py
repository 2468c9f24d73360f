"""A scripted week at Hetzner, and its ledger done by hand: hours that have begun, stopped or not, and no more than a month's price.

Its stand-in's list: a cx23 0.0056 EUR an hour and 3.49 a month, an address 0.0008 and 0.50, at 1.16 dollars for one euro.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest

from im.domain.errors import OverLimit
from im.domain.money.amount import cents
from im.domain.money.bill import Window
from im.domain.money.forecast import rate_now
from im.domain.state import OnExpiry
from im.services.money import budgets, costs, report
from tests.integration.money.passing import billed, let_pass
from tests.integration.typed import answer, run
from tests.people import person
from tests.world import START
from tests.worlds.hetzner import HetznerWorld, hetzner_world

COMPUTING, ADDRESS = Decimal("0.0056") * Decimal("1.16"), Decimal("0.0008") * Decimal("1.16")
HOUR = COMPUTING + ADDRESS
MONTH = (Decimal("3.49") + Decimal("0.50")) * Decimal("1.16")


@pytest.fixture
def world(database_url: str) -> Iterator[HetznerWorld]:
    with hetzner_world(database_url) as made:
        yield made


def test_a_week_of_stops_starts_and_a_console_costs_every_hour_that_has_begun(world: HetznerWorld) -> None:
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
    # made at hour 0, terminated at hour 100.1: 101 hours, of which it ran 24 and 10
    assert (told.compute, told.address) == (101 * COMPUTING, 101 * ADDRESS)
    assert (told.disk_running, told.disk_stopped, told.known) == (0, 0, True)
    assert abs(told.running - timedelta(hours=34)) < timedelta(minutes=1)
    assert abs(told.stopped - timedelta(hours=66)) < timedelta(minutes=10)
    assert (cents(told.total), cents(101 * HOUR)) == (Decimal("0.75"), Decimal("0.75"))
    # five minutes and some seconds are an hour
    assert billed(world, name="short").total == HOUR
    week = report.report(world.ctx, "day", timedelta(days=8))
    assert sum(line.bill.total for line in week.lines) == week.total.bill.total == 102 * HOUR


def test_a_month_costs_its_price_at_most_and_the_next_one_begins_afresh(world: HetznerWorld) -> None:
    world.create(seconds=3600)
    let_pass(world, 1.01)
    assert world.word() == "stopped (ttl)"
    january = START.replace(day=1, hour=0)
    world.now = START.replace(month=2, day=1, hour=3)
    world.advance(20)
    # 732 hours of January would be 5.43
    assert cents(732 * HOUR) == Decimal("5.43")
    whole = billed(world, Window(january, START.replace(month=2, day=1, hour=0)))
    assert whole.total == MONTH
    assert billed(world).total == MONTH + 4 * HOUR  # the fourth hour of February has begun: twenty seconds of it
    world.terminate("web")
    world.advance(30)
    assert world.row().closed_at is not None


def test_a_stopped_server_has_the_rate_of_a_running_one_until_it_is_terminated(world: HetznerWorld) -> None:
    world.create(seconds=3600)
    world.advance(30)
    row = world.row()
    running = costs.costs(world.ctx, [row])[row.id]
    assert (running.now_per_hour, running.whole) == (HOUR, True)
    world.stop("web")
    world.advance(30)
    stopped = costs.costs(world.ctx, [world.row()])[row.id]
    assert world.word() == "stopped"
    assert (stopped.now_per_hour, stopped.whole) == (HOUR, True)
    assert rate_now(world.row(), stopped.rates) == HOUR
    world.terminate("web")
    world.advance(30)
    assert costs.costs(world.ctx, [world.row()])[row.id].now_per_hour == 0


def test_the_agenda_tells_a_program_too_that_the_cost_goes_on(world: HetznerWorld) -> None:
    world.create("web", seconds=24 * 3600)
    world.create("short", seconds=24 * 3600, on_expiry=OnExpiry.TERMINATE)
    world.advance(20)
    ends, stops = sorted(answer(world, "agenda"), key=lambda one: str(one["what"] == "stop"))
    assert (ends["name"], ends["note"], ends["usd_per_hour_afterwards"]) == ("short", None, "0.000000")
    assert stops["note"] == (
        "web goes on costing $0.0074/h past the deadline: a stopped machine costs as much as a running one, until it is "
        "terminated. Next: im terminate web"
    )
    assert Decimal(stops["usd_per_hour_afterwards"]) == HOUR


def test_a_stopped_server_keeps_its_address_and_shows_it(world: HetznerWorld) -> None:
    world.create(seconds=24 * 3600)
    world.advance(20)
    address = world.row().public_ip
    world.stop("web")
    world.advance(20)
    assert (world.word(), world.row().public_ip) == ("stopped", address)
    assert str(address) in run(world, "list").stdout
    assert "ssh" not in run(world, "status", "web").stdout.partition("log in")[2].partition("\n")[0]
    world.terminate("web")
    world.advance(20)
    assert world.row().public_ip is None


def test_a_budget_counts_what_no_deadline_ends_to_the_end_of_the_month(world: HetznerWorld) -> None:
    world.create("one", seconds=3600)
    world.advance(30)  # and its prices are told
    budgets.write(world.ctx, "ada", Decimal(10), actor=person("ada"))
    (use,) = budgets.of(world.ctx, "ada")
    assert use.spent == HOUR
    assert use.spent + use.promised == MONTH, "732 hours of January are left, and a month costs no more than that"
    world.create("two", seconds=3600)
    with pytest.raises(OverLimit, match="the deadline stops it, which saves nothing") as caught:
        world.create("three", seconds=3600)
    assert caught.value.hint.startswith("--on-expiry terminate")
    world.create("three", seconds=3600, on_expiry=OnExpiry.TERMINATE)
    world.extend("one", seconds=7200)
    world.stop("one")
    (use,) = budgets.of(world.ctx, "ada")
    assert use.spent + use.promised == 2 * MONTH + HOUR


def test_a_deadline_that_terminates_ends_the_cost(world: HetznerWorld) -> None:
    world.create(seconds=3600, on_expiry=OnExpiry.TERMINATE)
    let_pass(world, 1.01)
    assert world.row().closed_at is not None
    assert billed(world).total == 2 * HOUR  # it was gone some seconds after the hour


@pytest.mark.long
def test_a_deadline_that_terminates_ends_what_somebody_stopped_before_it(world: HetznerWorld) -> None:
    world.create(seconds=3600, on_expiry=OnExpiry.TERMINATE)
    world.advance(20)
    world.by_hand("off")
    let_pass(world, 0.9)
    assert world.word() == "stopped outside"
    let_pass(world, 0.11)
    assert world.row().closed_at is not None
    assert world.hetzner.project("project").servers == {}
