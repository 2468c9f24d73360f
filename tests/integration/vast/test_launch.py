"""Launches at Vast: one machine a call, offers that vanish, a lost answer, a refusal that makes one, and never a second machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from im.domain.state import Observed
from im.failpoints import Point
from im.services.money.costs import costs
from im.standins.books import Fault
from tests.integration.killed_launch import killed_at, points
from tests.integration.typed import answer, run
from tests.worlds.vast import VastWorld, vast_world

BEST = 7_000_002
"""The offer of one RTX 4090 that is the best in the world."""
TAKE = f"/asks/{BEST}/"


@pytest.fixture
def world(database_url: str) -> Iterator[VastWorld]:
    with vast_world(database_url) as made:
        yield made


def takes(world: VastWorld) -> int:
    return len([one for one in world.cloud.books.entries if "/asks/" in one.path])


def rate(world: VastWorld) -> Decimal | None:
    """What an hour of it costs now."""
    return costs(world.ctx, [world.row()])[world.row().id].now_per_hour


def test_three_machines_are_three_calls_far_enough_apart_and_none_is_refused(world: VastWorld) -> None:
    world.create(count=3)
    world.advance(60)
    assert [world.word(f"web-{n}") for n in (1, 2, 3)] == ["running"] * 3
    calls = [one for one in world.cloud.books.entries if "/asks/" in one.path]
    assert len(calls) == 3
    assert all(b.at - a.at >= timedelta(seconds=4.5) for a, b in pairwise(calls))
    assert {one.status for one in world.cloud.books.entries} == {200}
    assert len({world.row(f"web-{n}").provider_id for n in (1, 2, 3)}) == 3


@pytest.mark.parametrize("lag", [0, 45])
def test_a_lost_answer_is_found_by_its_token_and_not_asked_for_again(world: VastWorld, lag: int) -> None:
    world.renter.shows_after = timedelta(seconds=lag)
    world.cloud.books.plan(Fault("PUT", TAKE, 504, {}, after=True))
    world.create()
    world.advance(lag + 90, tick=30)
    assert (world.word(), len(world.renter.ever), takes(world)) == ("running", 1, 1)


def test_what_was_never_made_is_asked_for_again_once_that_is_sure(world: VastWorld) -> None:
    world.cloud.books.plan(Fault("PUT", TAKE, 504, {}))
    world.create()
    world.advance(50, tick=10)
    assert takes(world) == 1, "it may show yet"
    world.advance(120, tick=30)
    assert (world.word(), len(world.renter.ever), takes(world)) == ("running", 1, 2)


def test_vanished_offers_and_one_that_makes_a_machine_in_vain_lead_to_one_machine(world: VastWorld) -> None:
    world.renter.vanishing, world.renter.made_in_vain = {BEST}, {7_000_004}
    world.create()
    world.advance(60)
    assert (world.word(), len(world.renter.instances), len(world.renter.ended)) == ("running", 1, 1)
    assert str(*world.renter.instances) == world.row().provider_id


def test_its_own_price_is_what_it_costs_running_and_stopped(world: VastWorld) -> None:
    world.create(seconds=120)
    world.advance(30, tick=10)
    (one,) = world.renter.instances.values()
    disk = Decimal("0.2") * 32 / 730
    assert rate(world) == pytest.approx(Decimal("0.32") + disk)
    one.host = replace(one.host, dph_base=0.40)
    world.advance(20, tick=10)
    assert rate(world) == pytest.approx(Decimal("0.40") + disk), "the host has raised it"
    world.advance(120, tick=30)
    assert world.row().observed is Observed.STOPPED
    assert rate(world) == pytest.approx(disk)


@pytest.mark.long  # what a look tells of it is in the gate: providers/vast/test_vast.py
def test_a_start_that_does_not_come_back_is_no_capacity_and_its_disk_is_kept(world: VastWorld) -> None:
    world.create(seconds=60)
    world.advance(90, tick=30)
    assert world.row().observed is Observed.STOPPED
    world.renter.let = {BEST}
    world.extend("web", seconds=7200)
    world.advance(500, tick=20)
    row = world.row()
    assert (row.observed, row.failed, row.error_code) == (Observed.STOPPED, True, "no_capacity")
    assert "make another elsewhere, or end it" in (row.error or "")
    assert (str(*world.renter.instances), world.renter.ended) == (row.provider_id, [])


@pytest.mark.parametrize("point", points(tried=(Point.LAUNCH_MADE,)))
def test_one_machine_wherever_the_worker_is_killed(world: VastWorld, point: Point) -> None:
    """Its first answer is lost, and it shows late."""
    world.renter.shows_after = timedelta(seconds=20)
    world.cloud.books.plan(Fault("PUT", TAKE, 504, {}, after=True))
    with killed_at(world, point):
        world.create()
        world.advance(40, tick=10)
    world.advance(300, tick=40)
    row = world.row()
    assert ([row.provider_id], row.observed) == ([str(one) for one in world.renter.ever], Observed.RUNNING)


def test_what_its_host_takes_back_is_on_the_agenda_asleep_too(world: VastWorld) -> None:
    world.create(seconds=120)
    world.advance(30, tick=10)
    until = next(iter(world.renter.instances.values())).ends
    (line,) = answer(world, "agenda")
    assert (line["what"], line["lent_until"]) == ("stop", f"{until:%Y-%m-%dT%H:%M:%S}.000Z")
    assert "stops; lent until" in run(world, "agenda").stdout
    world.advance(120, tick=40)
    (line,) = answer(world, "agenda")
    assert (line["at"], line["what"]) == (line["lent_until"], "terminate")
    assert "taken back by its host" in run(world, "agenda").stdout
