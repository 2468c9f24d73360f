"""How clouds bill, each by the facts in its own words, against sums done by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from im.domain import agenda
from im.domain.money.amount import cents
from im.domain.money.bill import Deadline, Item, Price, PriceBook, Window, monthly_item, sum_bills
from im.domain.money.billing import bill
from im.domain.money.forecast import (
    Parts,
    Rates,
    goes_on_costing,
    is_whole,
    promised,
    rate_now,
    rates,
    to_deadline,
)
from im.domain.money.rules import PER_SECOND, BillingRules, While
from im.domain.money.usage import Kind, UsageInterval
from im.domain.state import Desired, Observed, OnExpiry, Why
from im.providers.aws.profile import PROFILE as AWS
from im.providers.hetzner.profile import PROFILE as HETZNER_PROFILE
from tests.unit.rows import a_row

D = Decimal
HETZNER = HETZNER_PROFILE.capabilities.billing
AZURE = BillingRules(address=While.THERE, least=timedelta(0))
DIGITALOCEAN = BillingRules(While.THERE, While.THERE, least_usd=D("0.01"), monthly_cap=True)
NOON = datetime(2030, 1, 30, 12, tzinfo=UTC)
"""36 hours before a month ends."""
ROW = a_row(observed=Observed.RUNNING, settled_generation=1, provider_id="m", expires_at=NOON + timedelta(hours=2))
_USD = {"small": "0.36", "ipv4": "0.01", "disk:fast": "0.73", monthly_item("small"): "180", monthly_item("ipv4"): "2"}
BOOK: PriceBook = {
    Item("fake", "fake-1", name): [Price(D(usd), NOON - timedelta(days=999), "a test")] for name, usd in _USD.items()
}
EVER = Window(NOON - timedelta(days=999), NOON + timedelta(days=999))
INCLUDED = Parts(address=True, disk_gb=0, disk_type="included")


def h(hours: float) -> timedelta:
    return timedelta(hours=hours)


def there(until: timedelta | None, *, since: timedelta = timedelta(0), disk_gb: int = 0) -> UsageInterval:
    """It exists, with an address."""
    over = NOON + until if until is not None else None
    return UsageInterval("im", Kind.DISK, 1, NOON + since, True, NOON, over, None, True, disk_gb, "fast")


def ran(since: timedelta, until: timedelta | None, number: int = 1) -> UsageInterval:
    over = NOON + until if until is not None else None
    return UsageInterval("im", Kind.RUN, number, NOON + since, True, NOON, over, None, True)


def hourly(rules: BillingRules, parts: Parts = INCLUDED) -> Rates:
    return rates(ROW.scope, ROW.spec, parts, BOOK, NOON, launched=True, rules=rules)


def spent(rules: BillingRules, *intervals: UsageInterval, window: Window = EVER, hours: float = 9999) -> Decimal:
    return bill(ROW, intervals, [], BOOK, window, NOON + h(hours), rules).total


# ---- the least and the steps -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("minutes", "hours"), [(0, 1), (1, 1), (59, 1), (60, 1), (61, 2), (119, 2), (120, 2), (121, 3)]
)
def test_hetzner_charges_each_hour_that_has_begun_whole(minutes: int, hours: int) -> None:
    life = there(timedelta(minutes=minutes))
    assert spent(HETZNER, life) == hours * D("0.37")


def test_an_hour_is_charged_as_soon_as_it_has_begun() -> None:
    for minutes, hours in ((0, 0), (1, 1), (60, 1), (61, 2)):
        now = timedelta(minutes=minutes)
        assert spent(HETZNER, there(None), window=Window(EVER.since, NOON + now), hours=minutes / 60) == hours * D(
            "0.37"
        )


def test_a_server_that_is_deleted_and_made_again_in_one_hour_costs_two() -> None:
    again = replace(there(timedelta(minutes=20), since=timedelta(minutes=10)), number=2)
    assert spent(HETZNER, there(timedelta(minutes=5)), again) == 2 * D("0.37")


def test_digitalocean_charges_by_the_second_but_a_minute_and_a_cent_at_least() -> None:
    assert spent(DIGITALOCEAN, there(timedelta(seconds=5))) == D("0.01") * 2  # computing and address, a cent each
    cheap = {**BOOK, Item("fake", "fake-1", "ipv4"): [Price(D(0), NOON, "free")]}
    told = bill(ROW, [there(timedelta(seconds=200))], [], cheap, EVER, NOON + h(1), DIGITALOCEAN)
    assert told.compute == D("0.02")


def test_a_minute_is_charged_for_each_start_at_ec2_and_google() -> None:
    runs = [ran(timedelta(minutes=10 * n), timedelta(minutes=10 * n, seconds=1), n) for n in range(3)]
    assert bill(ROW, runs, [], BOOK, EVER, NOON + h(1)).compute == 3 * D("0.006")


# ---- stopped ---------------------------------------------------------------------------------------------------------


def test_a_stopped_server_costs_what_a_running_one_does() -> None:
    always = spent(HETZNER, there(h(10)), ran(h(0), h(10)))
    assert spent(HETZNER, there(h(10)), ran(h(0), h(1))) == always == 10 * D("0.37")
    assert spent(PER_SECOND, there(h(10)), ran(h(0), h(1))) == D("0.37")


def test_an_address_that_is_kept_is_charged_where_computing_is_not() -> None:
    assert spent(AZURE, there(h(10)), ran(h(0), h(1))) == D("0.36") + 10 * D("0.01")


@pytest.mark.parametrize(
    ("rules", "asleep", "saved"), [(PER_SECOND, "0.10", "0.37"), (AZURE, "0.11", "0.36"), (HETZNER, "0.47", "0")]
)
def test_the_rate_while_stopped_and_what_a_stop_saves_make_the_whole(
    rules: BillingRules, asleep: str, saved: str
) -> None:
    told = hourly(rules, Parts(address=True, disk_gb=100, disk_type="fast"))
    stopped = replace(ROW, desired=Desired.STOPPED, observed=Observed.STOPPED)
    assert told.running is not None
    assert [cents(usd) for usd in (told.running, rate_now(stopped, told) or D(9))] == [D("0.47"), D(asleep)]
    assert cents(agenda.saves(ROW, told) or D(0)) == D(saved)
    assert cents(agenda.saves(replace(ROW, on_expiry=OnExpiry.TERMINATE), told) or D(0)) == D("0.47")
    assert is_whole(stopped, told)


def test_a_stopped_server_without_a_price_is_shown_as_unknown_and_not_as_cheap() -> None:
    told = rates(ROW.scope, ROW.spec, INCLUDED, {}, NOON, rules=HETZNER)
    stopped = replace(ROW, desired=Desired.STOPPED, observed=Observed.STOPPED)
    assert rate_now(stopped, told) is None
    assert told.saved_by_stop == 0, "that is known without any price"


def test_what_a_stop_saves_is_said_in_words() -> None:
    assert AWS.capabilities.billing.of_a_stop == "costs its disk, and nothing for computing"
    assert HETZNER.of_a_stop == "costs as much as a running one, until it is terminated"
    assert AZURE.of_a_stop == "costs its disk and its address, and nothing for computing"


# ---- the monthly cap -------------------------------------------------------------------------------------------------


def test_a_month_costs_no_more_than_its_price_and_the_next_begins_afresh() -> None:
    # 36 hours of January and all of February: 36 × 0.36 and 180; addresses 36 × 0.01 and 2
    march = datetime(2030, 3, 1, tzinfo=UTC) - NOON
    assert spent(HETZNER, there(march)) == 36 * D("0.37") + 182


def test_the_cap_is_reached_once_and_what_comes_after_it_is_free() -> None:
    began = datetime(2030, 2, 1, tzinfo=UTC)
    life = there(None, since=began - NOON)
    after = [spent(HETZNER, life, window=Window(began, began + h(hours))) for hours in (499, 500, 501, 600)]
    assert after == [499 * D("0.36") + 2, D(182), D(182), D(182)]


def test_a_cap_that_nobody_told_caps_nothing() -> None:
    bare = {item: prices for item, prices in BOOK.items() if not item.name.startswith("month:")}
    told = bill(ROW, [there(h(1000))], [], bare, EVER, NOON + h(9999), HETZNER)
    assert told.total == 1000 * D("0.37")


@given(st.lists(st.integers(0, 3000), max_size=4), st.integers(1, 3000), st.sampled_from([HETZNER, DIGITALOCEAN]))
def test_windows_one_after_the_other_add_up_to_the_whole(cuts: list[int], minutes: int, rules: BillingRules) -> None:
    life, run = there(timedelta(minutes=minutes * 20)), ran(h(0), timedelta(minutes=minutes))
    held = [Deadline(NOON, NOON + timedelta(minutes=30))]
    edges = [EVER.since, *sorted(NOON + timedelta(minutes=20 * cut) for cut in cuts), EVER.until]
    parts = [Window(low, high) for low, high in pairwise(edges)]
    whole = bill(ROW, [life, run], held, BOOK, EVER, NOON + h(9999), rules)
    both = sum_bills(bill(ROW, [life, run], held, BOOK, part, NOON + h(9999), rules) for part in parts)
    assert abs(both.total - whole.total) < D("1e-20")
    assert abs(both.overrun_usd - whole.overrun_usd) < D("1e-20")
    assert whole.overrun_usd <= whole.compute + whole.address


# ---- what is to come -------------------------------------------------------------------------------------------------


def test_what_is_to_come_and_what_was_spent_are_together_what_it_will_have_cost() -> None:
    now = NOON + timedelta(minutes=70)
    so_far = bill(ROW, [there(None)], [], BOOK, Window(EVER.since, now), now, HETZNER).total
    to_come = to_deadline(ROW, hourly(HETZNER), now, NOON)
    assert to_come is not None
    assert (so_far, so_far + to_come) == (2 * D("0.37"), 2 * D("0.37"))
    assert to_deadline(ROW, hourly(HETZNER), now, None) == D("0.37"), "one that is not there yet begins now"


def test_a_deadline_that_saves_nothing_is_promised_to_the_end_of_the_month() -> None:
    month = 36 * D("0.37")
    assert promised(ROW, hourly(HETZNER), NOON, NOON) == month
    stopped = replace(ROW, desired=Desired.STOPPED, observed=Observed.STOPPED)
    assert promised(stopped, hourly(HETZNER), NOON, NOON) == month
    assert promised(replace(ROW, expires_at=NOON + h(100)), hourly(HETZNER), NOON, NOON) == 100 * D("0.37")
    assert promised(replace(ROW, on_expiry=OnExpiry.TERMINATE), hourly(HETZNER), NOON, NOON) == 2 * D("0.37")
    assert promised(replace(ROW, keep_stopped=h(3)), hourly(HETZNER), NOON, NOON) == 5 * D("0.37")
    assert promised(replace(ROW, desired=Desired.TERMINATED), hourly(HETZNER), NOON, NOON) == 0
    assert promised(stopped, hourly(PER_SECOND), NOON, NOON) == 0
    assert promised(ROW, hourly(PER_SECOND), NOON, NOON) == to_deadline(ROW, hourly(PER_SECOND), NOON) == D("0.74")


def test_the_cap_holds_for_what_is_to_come_as_well() -> None:
    first = datetime(2030, 2, 1, tzinfo=UTC)
    row = replace(ROW, expires_at=first + h(600))
    assert to_deadline(row, hourly(HETZNER), first + h(499), first) == D("0.36")
    assert to_deadline(row, hourly(HETZNER), first + h(510), first) == 0


@pytest.mark.parametrize(
    ("changes", "goes_on"),
    [
        ({}, True),
        ({"on_expiry": OnExpiry.TERMINATE}, False),
        ({"keep_stopped": h(24)}, False),
        ({"keep_stopped": h(24), "protected": True}, True),
        ({"desired": Desired.STOPPED, "observed": Observed.STOPPED}, True),
        ({"desired": Desired.STOPPED, "observed": Observed.STOPPED, "keep_stopped": h(24)}, True),
        ({"desired": Desired.STOPPED, "observed": Observed.STOPPED, "keep_stopped": h(24), "why": Why.TTL}, False),
        ({"desired": Desired.TERMINATED}, False),
        ({"observed": Observed.TERMINATED, "closed_at": NOON}, False),
        ({"failed_generation": 1, "observed": Observed.NONE}, False),
    ],
)
def test_what_goes_on_costing_past_its_deadline(changes: dict[str, object], goes_on: bool) -> None:
    row = replace(ROW, settled_generation=0 if "observed" in changes else 1, **changes)  # type: ignore[arg-type]
    assert goes_on_costing(row, HETZNER) is goes_on
    assert not goes_on_costing(row, PER_SECOND)


def test_an_overrun_is_what_was_charged_for_running_on_and_a_begun_hour_was_charged_before() -> None:
    held = [Deadline(NOON, NOON + timedelta(minutes=30))]
    told = bill(ROW, [there(h(9)), ran(h(0), timedelta(minutes=50))], held, BOOK, EVER, NOON + h(99), HETZNER)
    assert (told.overrun, told.overrun_usd) == (timedelta(minutes=20), 0)
    told = bill(ROW, [there(h(9)), ran(h(0), timedelta(minutes=70))], held, BOOK, EVER, NOON + h(99), HETZNER)
    assert (told.overrun, told.overrun_usd) == (timedelta(minutes=40), D("0.37"))


def test_doubt_is_of_what_is_charged() -> None:
    """That nobody saw when it was stopped costs nothing where a stop saves nothing."""
    unsure = replace(ran(h(0), h(5)), sure_until=NOON + h(4))
    assert bill(ROW, [unsure, there(h(9))], [], BOOK, EVER, NOON + h(99)).doubt == h(1)
    assert bill(ROW, [unsure, there(h(9))], [], BOOK, EVER, NOON + h(99), HETZNER).doubt == h(0)
    lost = replace(there(h(9)), sure_until=NOON + h(7))
    assert bill(ROW, [unsure, lost], [], BOOK, EVER, NOON + h(99), HETZNER).doubt == h(2)
