"""A scripted week, and its ledger done by hand: start, stop, spot, outside stop, a gap in observation.

Prices of the cloud in memory: `small` 0.36 $/h, an address 0.036 $/h, 100 GB of disk 0.10 $/h.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text

from im.db.money import usage
from im.db.read import ledger
from im.domain.money.amount import cents
from im.domain.money.usage import Kind
from im.queue.tasks import Task
from im.services.money import costs, report
from tests.integration.money.passing import billed, let_pass
from tests.world import START, World

WEEK = 7 * 86_400


def runs(world: World, name: str = "web") -> list[tuple[float, float | None]]:
    """Hours since the start."""
    with world.ctx.begin() as connection:
        found = ledger.intervals(connection, [world.row(name).id]).get(world.row(name).id, [])
    hour = timedelta(hours=1)
    return [
        (round((s.began_at - START) / hour, 4), round((s.ended_at - START) / hour, 4) if s.ended_at else None)
        for s in found
        if s.kind is Kind.RUN
    ]


def on_spot(world: World, name: str, *prices: tuple[int, str]) -> None:
    """Bill it by the spot market, whose price changed at these hours."""
    with world.ctx.begin() as connection:
        market = "UPDATE instances SET spec = jsonb_set(spec, '{options}', '{\"market\": \"spot\"}') WHERE name = :name"
        connection.execute(text(market), {"name": name})
        for hour, usd in prices:
            connection.execute(
                text(
                    "INSERT INTO prices (provider, region, item, market, since, usd, source, fetched_at) "
                    "VALUES ('fake', 'fake-1', 'small', 'spot', :since, :usd, 'spot history', :since)"
                ),
                {"since": START + timedelta(hours=hour), "usd": Decimal(usd)},
            )


def test_a_week_of_starts_stops_outside_hands_and_gaps_to_the_cent(world: World) -> None:
    world.create(seconds=WEEK)
    world.create("cheap", seconds=WEEK)
    on_spot(world, "cheap", (0, "0.10"), (48, "0.20"))
    let_pass(world, 10)  # runs from hour 0
    world.stop("web")
    let_pass(world, 14)  # stopped at hour 10, by us
    world.start("web")
    let_pass(world, 26)  # runs from hour 24
    machine = world.row().provider_id
    assert machine is not None
    world.cloud.outside("stop", machine)  # hour 50, in the console
    world.cloud.outside("stop", str(world.row("cheap").provider_id))  # and it stays stopped
    let_pass(world, 22)
    assert world.word() == "stopped outside"
    world.start("web")
    let_pass(world, 8)  # runs from hour 72

    # hour 80: everything of ours is away for 40 hours. Meanwhile somebody stops it (hour 90) and starts it (hour 100).
    world.now += timedelta(hours=10)
    world.cloud.outside("stop", machine)
    world.now += timedelta(hours=10)
    world.cloud.outside("start", machine)
    let_pass(world, 20)
    # hour 120: away again until 140; it is stopped at hour 130
    world.now += timedelta(hours=10)
    world.cloud.outside("stop", machine)
    let_pass(world, 10)
    world.terminate("web", "cheap")
    let_pass(world, 28)  # hour 168

    # Hour 80 to 100: when it was stopped the cloud has forgotten once it runs again, so all of that is counted, and doubtful.
    # Hour 130: the cloud dates the stop, so the gap around it costs nothing.
    assert runs(world) == [(0, 10), (24, 50), (72, 100), (100, 130)]
    told = billed(world)
    hours = 10 + 26 + 28 + 30
    assert told.running == timedelta(hours=hours)
    assert (
        timedelta(hours=20) <= told.doubt <= timedelta(hours=20, seconds=10)
    )  # from the last listing before hour 80 on
    # by hand: 94 h running at 0.36 = 33.84; addresses 94 × 0.036 = 3.384; the disk lives 140 h, 94 of them awake
    assert cents(told.compute) == Decimal("33.84")
    assert cents(told.address) == Decimal("3.38")
    assert cents(told.disk_running) == Decimal("9.40")
    assert cents(told.disk_stopped) == Decimal("4.60")
    assert cents(told.total) == Decimal("51.22")
    assert told.known
    assert told.overrun == timedelta(0)

    # on spot, 50 h: 48 at 0.10 and 2 at 0.20 are 5.20; addresses 50 × 0.036 = 1.80; the disk 140 h, 50 of them awake: 14.00
    cheap = billed(world, name="cheap")
    assert runs(world, "cheap") == [(0, 50)]
    assert (cents(cheap.compute), cents(cheap.address)) == (Decimal("5.20"), Decimal("1.80"))
    assert (cents(cheap.disk_running), cents(cheap.disk_stopped)) == (Decimal("5.00"), Decimal("9.00"))
    assert (cents(cheap.total), cheap.doubt) == (Decimal("21.00"), timedelta(0))
    week = report.report(world.ctx, "owner", timedelta(days=8))
    assert cents(week.total.bill.total) == Decimal("72.22")  # 51.224 and 21.00


def test_spot_is_billed_at_the_price_of_each_hour(world: World) -> None:
    world.create(seconds=WEEK)
    on_spot(world, "web", (0, "0.10"), (2, "0.30"), (5, "0.20"))
    let_pass(world, 10)
    # 2 h at 0.10, 3 h at 0.30, 5 h at 0.20
    assert cents(billed(world).compute) == Decimal("2.10")


def test_days_add_up_to_the_week(world: World) -> None:
    world.create(seconds=WEEK)
    let_pass(world, 30)
    world.stop("web")
    let_pass(world, 30)
    by_day = report.report(world.ctx, "day", timedelta(days=7))
    by_owner = report.report(world.ctx, "owner", timedelta(days=7))
    # 12:00 on the first: 12 h of that day, 18 h running and 6 h stopped on the second, 24 h stopped, 24 … until 60 h
    assert [(line.group, cents(line.bill.total)) for line in by_day.lines] == [
        ("2030-01-01", Decimal("5.95")),
        ("2030-01-02", Decimal("9.53")),
        ("2030-01-03", Decimal("2.40")),
    ]
    (ada,) = by_owner.lines
    assert ada.group == "ada"
    assert abs(sum(line.bill.total for line in by_day.lines) - ada.bill.total) < Decimal("1e-15")


def test_a_writer_that_forgets_to_note_usage_is_made_up_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as forgetful:
        forgetful.setattr(usage, "follow", lambda *_: None)
        world.create(seconds=WEEK)
        world.advance(8)
        assert world.row().settled
        assert runs(world) == []
    world.advance(122)
    assert runs(world) == [(0, None)]


def test_an_overrun_is_seen_in_seconds_and_in_money(world: World) -> None:
    world.create(seconds=3600)
    world.advance(10)
    world.worker = False
    world.now = START + timedelta(seconds=3600 + 600)
    world.worker = True
    world.queue.ring(Task.ENFORCE_TTL)
    world.advance(10)
    told = billed(world)
    assert told.overrun == timedelta(seconds=600)
    assert told.overrun_usd == Decimal("0.00011") * 600


def test_prices_are_fetched_once_a_day_and_say_where_they_come_from(world: World) -> None:
    from im.domain.money.bill import Item, Price

    world.cloud.prices["small"] = Price(Decimal("0.72"), START - timedelta(days=1), "a list")
    world.create(seconds=WEEK)
    world.advance(20)
    item = Item("fake", "fake-1", "small")
    with world.ctx.begin() as connection:
        book = costs.price_book(connection, [item, Item("fake", "fake-1", "ipv4"), Item("fake", "fake-1", "huge")])
    assert [p.source for p in book[item]] == ["a list"]
    assert book[Item("fake", "fake-1", "ipv4")][0].source == "built-in table of 2030-01-01"
    assert Item("fake", "fake-1", "huge") not in book
    world.cloud.prices["small"] = Price(Decimal("0.36"), START + timedelta(hours=20), "a list")
    let_pass(world, 12)
    assert cents(billed(world).compute) == Decimal("8.64")
    let_pass(world, 14)
    # 20 h at 0.72, then 6 at 0.36
    assert cents(billed(world).compute) == Decimal("16.56")
