"""What a moved deadline costs, of each kind of machine and cloud, against sums done by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from im.domain import intent
from im.domain.instance import Instance
from im.domain.intent import Deadline, Intent
from im.domain.money.added import Added, added, together
from im.domain.money.bill import Bill
from im.domain.money.cost import Cost
from im.domain.money.forecast import Rates
from im.domain.money.rules import PER_SECOND, BillingRules
from im.domain.state import Desired, Observed, OnExpiry, Shelf, Why
from im.views.words.money import adding, adding_together, more
from tests.unit.domain.money.test_rules import HETZNER, INCLUDED, NOON, ROW, h, hourly

D = Decimal
HOUR = D("0.37")
STOPPED = replace(ROW, desired=Desired.STOPPED, observed=Observed.STOPPED)
SHELVED = replace(STOPPED, observed=Observed.NONE, provider_id=None, shelf=Shelf.SHELVED)
BY_TTL = replace(STOPPED, why=Why.TTL, expires_at=NOON - h(1), keep_stopped=h(3), ends_at=NOON + h(2))
ENDS = replace(ROW, on_expiry=OnExpiry.TERMINATE)

Wish = Callable[[Instance, datetime], Intent]


def by(hours: float, *, start: bool = True) -> Wish:
    return lambda row, now: intent.extend(row, now, Deadline(by=h(hours)), start=start)


def to(hours: float) -> Wish:
    return lambda row, now: intent.extend(row, now, Deadline(to=NOON + h(hours)))


def moved(row: Instance, wish: Wish, rules: BillingRules = PER_SECOND, **rates: object) -> Added | None:
    found = replace(hourly(rules, INCLUDED), **rates)  # type: ignore[arg-type]
    cost = Cost(Bill(), found, None, None, charged_since=NOON if row.observed is Observed.RUNNING else None)
    return added(row, wish(row, NOON).on(row), cost, NOON)


@pytest.mark.parametrize(
    ("row", "wish", "rules", "hours", "says"),
    [
        (ROW, by(2), PER_SECOND, 2, "$0.74 more, $1.48 until then"),
        (ROW, to(1), PER_SECOND, -1, "$0.37 less, $0.37 until then"),
        (STOPPED, by(2), PER_SECOND, 4, "$1.48 more"),
        (STOPPED, by(2, start=False), PER_SECOND, 0, "nothing more"),
        (STOPPED, intent.start, PER_SECOND, 2, "$0.74 more"),
        (SHELVED, by(2), PER_SECOND, 4, "$1.48 more"),
        # where a stop saves nothing: what ends the cost comes later, or nothing ends it
        (ENDS, by(2), HETZNER, 2, "$0.74 more, $1.48 until then"),
        (ENDS, lambda row, now: intent.extend(row, now, Deadline(by=timedelta(minutes=1))), HETZNER, 1, None),
        (replace(ROW, keep_stopped=h(3)), by(2), HETZNER, 2, None),
        (BY_TTL, by(2), HETZNER, 3, None),
        (BY_TTL, by(2, start=False), HETZNER, 3, "$1.11 more"),
        (ROW, by(2), HETZNER, 0, "nothing more, for a stop saves nothing"),
        (STOPPED, by(2), HETZNER, 0, "nothing more, for a stop saves nothing"),
        (ROW, by(36), HETZNER, 2, None),
        (SHELVED, by(2), HETZNER, 36, "$13.32 more by the end of the month, $1.48 until then"),
    ],
)
def test_it_is_what_comes_to_be_charged_beside(
    row: Instance, wish: Wish, rules: BillingRules, hours: int, says: str | None
) -> None:
    found = moved(row, wish, rules)
    assert found is not None
    assert found.usd == hours * HOUR
    if says is not None:
        assert adding(found).startswith(f" · {says}")


def test_a_month_that_has_reached_its_price_costs_nothing_more() -> None:
    assert moved(ENDS, by(2), HETZNER, compute_cap=D("0.36"), address_cap=D("0.01")).usd == 0  # type: ignore[union-attr]


def test_what_moves_no_deadline_and_wakes_nothing_costs_nothing_that_is_told() -> None:
    assert moved(ROW, intent.start) is None
    assert moved(ROW, to(2)) is None
    assert moved(ROW, lambda row, now: intent.stop(row, now)) is None
    assert moved(ROW, intent.terminate) is None
    assert adding(None) == ""


def test_a_price_that_is_unknown_a_limit_or_not_whole_is_said_to_be_that() -> None:
    unknown, bounded, part = (
        moved(ROW, by(1), **rates)
        for rates in ({"compute": None}, {"source": "at most: its --max-price"}, {"disk": None})
    )
    assert unknown is not None
    assert bounded is not None
    assert part is not None
    assert adding(unknown) == " · price unknown"
    assert adding(bounded) == " · at most $0.37 more, at most $1.11 until then"
    assert adding(part) == " · at least $0.37 more, at least $1.11 until then"
    assert together([bounded, unknown]) is None
    assert adding_together([bounded, unknown]) == ["together price unknown"]
    assert more([bounded, bounded]) == "at most $0.74 more"
    assert more([bounded, part]) == "about $0.74 more"
    assert adding_together([bounded]) == []


def test_rates_of_these_tests_are_what_they_are_taken_for() -> None:
    assert isinstance(hourly(HETZNER, INCLUDED), Rates)
    assert hourly(PER_SECOND, INCLUDED).running == HOUR
