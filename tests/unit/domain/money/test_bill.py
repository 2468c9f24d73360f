"""The ledger against sums done by hand. 0.36 $/h is a hundredth of a cent a second, so every figure can be checked in the head."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from im.domain.money.amount import cents, exact, show
from im.domain.money.bill import (
    Bill,
    Deadline,
    Item,
    Price,
    PriceBook,
    Window,
    charge,
    price_at,
    sum_bills,
)
from im.domain.money.billing import bill, overruns
from im.domain.money.forecast import UNKNOWN_PARTS, Parts, parts_of, rate_now, rates, to_deadline
from im.domain.money.usage import Kind, UsageInterval
from im.domain.spec.spot import Spot
from im.domain.state import Desired, Observed
from tests.unit.rows import NOW, SPEC, a_row

ROW = a_row(observed=Observed.RUNNING, settled_generation=1, provider_id="m")
D = Decimal


def price(usd: str, since: datetime = NOW - timedelta(days=999)) -> Price:
    return Price(D(usd), since, "a test")


def item(name: str, market: str = "on_demand") -> Item:
    return Item("fake", "fake-1", name, market)


BOOK: PriceBook = {item("small"): [price("0.36")], item("ipv4"): [price("0.036")], item("disk:fast"): [price("0.73")]}
EVER = Window(NOW - timedelta(days=999), NOW + timedelta(days=999))


def run(began: timedelta, ended: timedelta | None = None, *, number: int = 1, **facts: object) -> UsageInterval:
    over = NOW + ended if ended is not None else None
    return UsageInterval("im", Kind.RUN, number, NOW + began, True, NOW, ended_at=over, **facts)  # type: ignore[arg-type]


def disk(began: timedelta, ended: timedelta | None = None) -> UsageInterval:
    over = NOW + ended if ended is not None else None
    return UsageInterval("im", Kind.DISK, 1, NOW + began, True, NOW, over, disk_gb=100, disk_type="fast")


def h(hours: float) -> timedelta:
    return timedelta(hours=hours)


def test_an_hour_costs_the_hourly_price() -> None:
    assert bill(ROW, [run(h(0), h(1))], [], BOOK, EVER, NOW).total == D("0.36")


def test_what_still_runs_counts_until_now() -> None:
    assert bill(ROW, [run(h(-2))], [], BOOK, EVER, NOW).compute == D("0.72")


def test_a_start_that_never_ran_costs_nothing() -> None:
    assert bill(ROW, [run(h(0), h(0))], [], BOOK, EVER, NOW).total == 0


def test_each_start_costs_a_minute_at_least() -> None:
    short = [run(h(0), timedelta(seconds=5)), run(h(1), h(1) + timedelta(seconds=90), number=2)]
    told = bill(ROW, short, [], BOOK, EVER, NOW)
    assert told.compute == D("0.006") + D("0.009")
    assert told.running == timedelta(seconds=95)


def test_an_address_is_charged_while_the_machine_that_has_one_runs() -> None:
    assert bill(ROW, [run(h(0), h(1), address=True)], [], BOOK, EVER, NOW).address == D("0.036")
    assert bill(ROW, [run(h(0), h(1))], [], BOOK, EVER, NOW).address == 0


def test_the_disk_costs_while_it_is_stopped_too_and_says_which() -> None:
    # 100 GB at 0.73 a month of 730 hours are 0.10 an hour: 2 hours awake, 8 asleep
    told = bill(ROW, [run(h(1), h(3)), disk(h(0), h(10))], [], BOOK, EVER, NOW)
    assert (cents(told.disk_running), cents(told.disk_stopped)) == (D("0.20"), D("0.80"))
    assert told.stopped == h(8)


def test_a_change_of_price_is_charged_from_its_moment() -> None:
    book = {item("small", "spot"): [price("0.10"), price("0.40", NOW + h(1)), price("0.20", NOW + h(2))]}
    spot = replace(ROW, spec=replace(SPEC, spot=Spot()))
    assert bill(spot, [run(h(0), h(4))], [], book, EVER, NOW).compute == D("0.10") + D("0.40") + D("0.40")


def test_what_a_market_may_ask_for_is_bounded_by_the_limit_that_was_set() -> None:
    """Nobody there has one of three types that are tried, and so no price of it."""
    wish = replace(SPEC, provider_options={"max_price": "2.50"})
    told = rates(ROW.scope, wish, UNKNOWN_PARTS, {}, NOW)
    assert (told.compute, told.at_most) == (D("2.50"), True)
    assert rates(ROW.scope, replace(SPEC, provider_options={"max_price": ""}), UNKNOWN_PARTS, {}, NOW).compute is None


def test_before_the_first_known_price_the_first_one_holds() -> None:
    later = [price("0.36", NOW)]
    assert charge(later, NOW - h(2), NOW + h(1)) == D("1.08")
    assert price_at(later, NOW - h(2)) == later[0]


def test_what_has_no_price_is_named_and_the_sum_is_no_promise() -> None:
    told = bill(ROW, [run(h(0), h(1), address=True), disk(h(0), h(1))], [], {}, EVER, NOW)
    assert told.unknown == {"small", "ipv4", "disk"}
    assert not told.known
    assert rate_now(ROW, rates(ROW.scope, ROW.spec, UNKNOWN_PARTS, {}, NOW)) is None


def test_only_the_window_is_billed() -> None:
    window = Window(NOW + h(1), NOW + h(2))
    told = bill(ROW, [run(h(0), h(10)), disk(h(0))], [], BOOK, window, NOW + h(20))
    assert told.compute == D("0.36")
    assert told.running == h(1)
    assert cents(told.total) == D("0.46")


@pytest.mark.parametrize(
    ("deadlines", "seconds"),
    [
        ([(0, 60)], 0),  # stopped at its deadline
        ([(0, 59)], 60),
        ([(0, 30), (50, 70)], 20 * 60),  # ran 20 minutes over, then somebody extended it
        ([(0, 30), (20, 70)], 0),  # extended in time
        ([(0, 30), (40, 45)], 10 * 60 + 15 * 60),
        ([(-60, -30)], 3600),  # woken by hand after its deadline
        ([], 0),
    ],
)
def test_overrun_is_the_time_past_the_deadline_that_held_then(deadlines: list[tuple[int, int]], seconds: int) -> None:
    held = [Deadline(NOW + timedelta(minutes=a), NOW + timedelta(minutes=b)) for a, b in deadlines]
    told = bill(ROW, [run(h(0), h(1), address=True)], held, BOOK, EVER, NOW)
    assert told.overrun == timedelta(seconds=seconds)
    assert told.overrun_usd == D("0.00011") * seconds
    assert all(a < b for a, b in overruns(NOW, NOW + h(1), held))


def test_what_is_to_come_ends_with_the_deadline_and_with_the_wish_to_run() -> None:
    hourly = rates(ROW.scope, ROW.spec, Parts(address=True, disk_gb=100, disk_type="fast"), BOOK, NOW)
    assert hourly.running is not None
    assert exact(hourly.running) == "0.496000"
    assert exact(to_deadline(ROW, hourly, NOW)) == "0.496000"
    assert to_deadline(ROW, hourly, NOW + h(2)) == 0
    asleep = replace(ROW, desired=Desired.STOPPED, observed=Observed.STOPPED)
    assert to_deadline(asleep, hourly, NOW) == 0
    assert exact(rate_now(asleep, hourly)) == "0.100000"
    assert rate_now(replace(ROW, desired=Desired.TERMINATED, observed=Observed.TERMINATED), hourly) == 0


@pytest.mark.parametrize(
    ("observed", "ip", "seen", "address"),
    [
        (Observed.NONE, None, [], True),  # as expected
        (Observed.RUNNING, "1.2.3.4", [run(h(-1), address=True)], True),
        (Observed.RUNNING, None, [run(h(-1))], False),
        (Observed.STOPPED, None, [run(h(-2), h(-1), address=True)], True),  # it gets one again
        (Observed.STOPPED, None, [run(h(-2), h(-1))], False),
    ],
)
def test_an_address_is_counted_where_it_is_or_will_be(
    observed: Observed, ip: str | None, seen: list[UsageInterval], address: bool
) -> None:
    row = replace(ROW, observed=observed, public_ip=ip)
    expected = Parts(address=True, disk_gb=8, disk_type="slow")
    assert parts_of(row, seen, expected) == Parts(address, 8, "slow")
    assert parts_of(row, [*seen, disk(h(-3))], expected) == Parts(address, 100, "fast")


def test_a_rate_that_lacks_a_part_says_so_and_one_without_computing_is_none() -> None:
    known = Parts(address=True, disk_gb=100, disk_type="fast")
    assert rates(ROW.scope, ROW.spec, known, BOOK, NOW).whole
    for lacking in (Parts(), Parts(disk_gb=8), Parts(disk_gb=8, disk_type="odd")):
        hourly = rates(ROW.scope, ROW.spec, lacking, BOOK, NOW)
        assert (hourly.whole, exact(hourly.running)) == (False, "0.396000")
    no_address = rates(
        ROW.scope,
        ROW.spec,
        Parts(address=False, disk_gb=0, disk_type="fast"),
        {item("small"): BOOK[item("small")], item("disk:fast"): BOOK[item("disk:fast")]},
        NOW,
    )
    assert (no_address.whole, exact(no_address.running)) == (True, "0.360000")
    assert rates(ROW.scope, ROW.spec, known, {}, NOW).running is None


@given(st.lists(st.floats(0, 100), min_size=2, max_size=8, unique=True), st.floats(0, 100))
def test_a_bill_cut_in_two_adds_up_to_the_whole(marks: list[float], cut: float) -> None:
    marks = sorted(marks[: len(marks) // 2 * 2])
    runs = [
        run(h(a), h(b), number=n, address=True) for n, (a, b) in enumerate(zip(marks[::2], marks[1::2], strict=True))
    ]
    held = [Deadline(NOW, NOW + h(30)), Deadline(NOW + h(40), NOW + h(60))]
    all_of_it = [*runs, disk(h(0), h(100))]
    at = NOW + h(cut)
    whole = bill(ROW, all_of_it, held, BOOK, EVER, NOW)
    halves = [bill(ROW, all_of_it, held, BOOK, w, NOW) for w in (Window(EVER.since, at), Window(at, EVER.until))]
    both = sum_bills(halves)
    assert abs(both.total - whole.total) < D("1e-20")
    assert (both.running, both.overrun, both.stopped) == (whole.running, whole.overrun, whole.stopped)
    assert sum_bills([]) == Bill()


def test_money_is_shown_with_as_many_digits_as_say_something() -> None:
    shown = {"0": "$0", "0.0058": "$0.0058", "0.02": "$0.02", "12.345": "$12.35", "1234.5": "$1,234.50", "-3": "-$3.00"}
    assert {usd: show(D(usd)) for usd in shown} == shown
    assert show(D("0.0000001")) == "<$0.000001"
    assert exact(None) is None
