"""A machine that was only powered off, where that is charged for as if it ran: seen, told, and stopped for good."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from im.domain.cause import Hand
from im.domain.config.policy import OnOutsideStop
from im.domain.money.bill import Price
from im.domain.state import Desired, Observed, Why
from im.services import queries
from im.services.money import costs
from tests.world import World


def power_off(world: World, hand: Hand = Hand.GUEST) -> None:
    world.cloud.outside("power_off", str(world.row().provider_id), hand)


def policy(world: World, stop: OnOutsideStop) -> None:
    world.ctx = replace(world.ctx, settings=replace(world.ctx.settings, on_outside_stop=stop))


def test_one_that_its_guest_shut_down_is_stopped_so_that_it_costs_no_more(world: World) -> None:
    world.create()
    world.advance(12)
    power_off(world)
    world.advance(9)  # one listing
    assert world.row().desired is Desired.RUNNING
    assert world.word() == "off, still billed"
    world.advance(40)
    assert world.at_cloud() is Observed.STOPPED
    assert (world.row().desired, world.row().why, world.word()) == (Desired.STOPPED, Why.GUEST, "stopped (guest)")
    assert world.calls("stop") == [(str(world.row().provider_id),)]
    said = [event.reason for event in queries.history(world.ctx, world.row().id)]
    assert any("though only powered off and still charged for" in one for one in said)


def test_it_is_started_again_where_that_is_the_policy(world: World) -> None:
    policy(world, OnOutsideStop.RESTART)
    world.create()
    world.advance(12)
    power_off(world)
    world.advance(60)
    assert (world.at_cloud(), world.word()) == (Observed.RUNNING, "running")
    assert world.calls("stop") == []


def test_one_that_was_stopped_by_us_and_is_powered_off_by_another_hand_is_stopped_again(world: World) -> None:
    world.create()
    world.advance(12)
    world.stop("web")
    world.advance(12)
    world.cloud.outside("start", str(world.row().provider_id))
    world.advance(4)
    power_off(world)
    world.advance(60)
    assert world.at_cloud() is Observed.STOPPED
    assert (world.row().desired, world.row().why) == (Desired.STOPPED, Why.USER)
    assert len(world.calls("stop")) == 2


def test_a_deadline_ends_it_whoever_cannot_be_asked_meanwhile(world: World) -> None:
    world.create(seconds=60)
    world.advance(50)
    power_off(world)
    world.advance(60)
    assert world.at_cloud() is Observed.STOPPED
    assert world.word() in ("stopped (ttl)", "stopped (guest)")


def test_it_is_terminated_like_any_other(world: World) -> None:
    world.create()
    world.advance(12)
    power_off(world)
    world.terminate("web")
    world.advance(30)
    assert world.row().closed_at is not None


def test_it_costs_what_it_cost_while_it_ran(world: World) -> None:
    world.cloud.prices["small"] = Price(Decimal("0.10"), world.now - timedelta(days=1), "told")
    world.create(seconds=7200)
    world.advance(20)
    power_off(world)
    world.advance(10)
    row = world.row()
    assert row.observed is Observed.HALTED
    found = costs.costs(world.ctx, [row])[row.id]
    assert found.now_per_hour == found.rates.running
    with world.ctx.begin() as connection:
        told = costs.ledger(connection, [row], world.now).bill(row)
    assert told.stopped == timedelta(0)
    assert told.running > timedelta(seconds=20)
