"""A spot machine is billed by the price of its own zone, as EC2 dates it. The stand-in over HTTP; 0.36 $/h is 0.0001 $ a second."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from im.db.money import prices as kept
from im.db.read import ledger
from im.domain.money.amount import cents
from im.domain.money.bill import Item, Price
from im.domain.money.usage import Kind
from im.domain.spec.spot import Spot
from im.providers.aws import spot_prices
from im.queue.tasks import Task
from im.services import queries
from im.services.money import costs, quotes
from im.services.money import prices as money_prices
from tests.integration.typed import answer, run
from tests.people import person
from tests.standin.server import StandIn
from tests.standin_world import ASK, Near, StandInWorld
from tests.world import START

A, B = "us-east-1a", "us-east-1b"
TYPE = "m7i.large"
SPARE = Item("aws", "us-east-1", TYPE, "spot")
HOUR = timedelta(hours=1)


@pytest.fixture
def world(database_url: str, ec2: StandIn, clients: Near, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandInWorld]:
    """Zone a is twenty times as dear as zone b."""
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    made = StandInWorld(database_url, ec2, clients)
    made.control.spot_price(A, TYPE, "7.2")
    made.control.spot_price(B, TYPE, "0.36")
    yield made
    made.close()


def create(world: StandInWorld, name: str = "web", *, zone: str = B, once: bool = True) -> datetime:
    """When it began to run."""
    ask = replace(ASK, zone=zone, instance_type=TYPE, spot=Spot(once=once))
    world.create(name, seconds=86_400, ask=ask)
    world.advance(20)
    return began(world, name)


def began(world: StandInWorld, name: str = "web") -> datetime:
    row = world.row(name)
    with world.ctx.begin() as connection:
        (one,) = [one for one in ledger.intervals(connection, [row.id])[row.id] if one.kind is Kind.RUN]
    return one.began_at


def at(world: StandInWorld, moment: datetime) -> None:
    world.now = moment


def ask_for_prices(world: StandInWorld) -> str:
    return world.answer(Task.PRICES)


def computing(world: StandInWorld, name: str = "web") -> Decimal:
    (row,) = [one for one in queries.listing(world.ctx, everything=True).rows if one.name == name]
    return cents(costs.costs(world.ctx, [row])[row.id].bill.compute)


def test_two_changes_between_two_askings_are_billed_from_their_dates_in_its_own_zone(world: StandInWorld) -> None:
    start = create(world)
    at(world, start + HOUR)
    world.control.spot_price(B, TYPE, "0.72")
    at(world, start + HOUR * 1.25)
    world.control.spot_price(A, TYPE, "9")
    at(world, start + HOUR * 1.5)
    world.control.spot_price(B, TYPE, "0.18")
    at(world, start + HOUR * 3)
    ask_for_prices(world)
    # an hour at 0.36, half an hour at 0.72, an hour and a half at 0.18
    assert computing(world) == Decimal("0.99")
    (row,) = answer(world, "list")
    assert row["price_source"].startswith("EC2 spot price in us-east-1b, in force since 2030-01-01 13:30 UTC")
    assert "computing $0.99" in run(world, "status", "web").stdout
    assert "0.99" in run(world, "cost").stdout


def test_it_is_asked_from_the_last_date_that_is_kept(world: StandInWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[datetime] = []
    fetch = spot_prices.fetch
    monkeypatch.setattr(spot_prices, "fetch", lambda *given: asked.append(given[-1]) or fetch(*given))
    start = create(world)
    at(world, start + HOUR)
    world.control.spot_price(B, TYPE, "0.72")
    ask_for_prices(world)
    at(world, start + HOUR * 2)
    ask_for_prices(world)
    assert asked[0] == world.row().created_at
    assert asked[-1] == start + HOUR
    at(world, start + HOUR * 3)
    assert computing(world) == Decimal("1.80")


def test_a_start_in_another_zone_is_billed_by_that_one(world: StandInWorld) -> None:
    create(world)
    start = create(world, "dear", zone=A)
    at(world, start + HOUR)
    assert computing(world, "dear") == Decimal("7.20")
    listed = {one["zone"]: one["usd"] for one in answer(world, "prices", "list") if "zone" in one}
    assert listed == {A: "7.2", B: "0.36"}
    told = run(world, "prices", "list").stdout
    assert [line.split()[2] for line in told.splitlines() if "(spot)" in line] == ["us-east-1", A, B]


def test_what_is_not_placed_yet_is_quoted_at_the_dearest_zone(world: StandInWorld) -> None:
    create(world)
    row = world.row()
    assert quotes.quote(world.ctx, row.scope, row.spec).compute == Decimal("7.2")
    world.worker = False
    world.create("next", seconds=3600, ask=replace(ASK, zone=B, instance_type=TYPE, spot=Spot(once=True)))
    by_name = {one["name"]: Decimal(one["usd_per_hour"]) for one in answer(world, "list")}
    assert by_name["next"] > Decimal("7.2") > by_name["web"]


def test_a_price_that_changed_before_a_machine_ended_is_learnt_after_its_end(world: StandInWorld) -> None:
    start = create(world)
    at(world, start + HOUR / 4)
    world.control.spot_price(B, TYPE, "3.6")
    at(world, start + HOUR / 2)
    world.terminate("web")
    world.advance(30)
    assert world.machines() == []
    at(world, start + HOUR * 2)
    assert "1 of 1 prices told" in ask_for_prices(world)
    # a quarter of an hour at 0.36, another at 3.60; the stop takes seconds
    assert computing(world) == Decimal("0.99")
    at(world, start + HOUR * 4)
    assert "nothing to ask" in ask_for_prices(world)


def test_of_what_a_person_stated_and_what_ec2_tells_the_later_holds(world: StandInWorld) -> None:
    start = create(world)
    place = ("--provider", "aws", "--region", "us-east-1", "--spot")
    at(world, start + HOUR)
    assert run(world, "prices", "set", TYPE, "0.72", *place).exit_code == 0
    at(world, start + HOUR * 2)
    ask_for_prices(world)  # EC2's is older
    at(world, start + HOUR * 3)
    assert computing(world) == Decimal("1.80")
    assert quotes.quote(world.ctx, world.row().scope, world.row().spec).compute == Decimal("0.72")
    world.control.spot_price(B, TYPE, "0.18")
    at(world, start + HOUR * 4)
    ask_for_prices(world)
    # an hour at 0.36, two at what was stated, one at what EC2 tells since
    assert computing(world) == Decimal("1.98")


def test_a_list_that_tells_the_same_again_does_not_overrule_what_was_stated_since(world: StandInWorld) -> None:
    def list_told(usd: str, since: datetime) -> int:
        with world.ctx.begin() as connection:
            return kept.write(connection, {SPARE: [Price(Decimal(usd), since, "a list")]}, world.now)

    def told() -> list[tuple[Decimal, float]]:
        with world.ctx.begin() as connection:
            found = ledger.prices(connection, [SPARE])[SPARE]
        return [(price.usd, (price.since - START) / HOUR) for price in found]

    assert list_told("0.05", START - HOUR) == 1
    money_prices.state(world.ctx, SPARE, Decimal("0.04"), actor=person("ada"))
    at(world, START + HOUR)
    assert list_told("0.05", world.now) == 0
    assert told() == [(Decimal("0.05"), -1), (Decimal("0.04"), 0)]
    assert list_told("0.06", world.now) == 1
    assert told() == [(Decimal("0.05"), -1), (Decimal("0.04"), 0), (Decimal("0.06"), 1)]
    assert list_told("0.03", START - HOUR * 2) == 1  # what comes late keeps its own date
    assert told()[0] == (Decimal("0.03"), -2)
