"""What is going to end by itself, when, and what that saves."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from im.domain import agenda
from im.domain.instance import Instance
from im.domain.money.forecast import Rates
from im.domain.spec.terms import Terms
from im.domain.state import Desired, Observed, OnExpiry, Why
from tests.unit.rows import NOW, a_row

DAY = timedelta(days=1)
RUNNING = a_row(observed=Observed.RUNNING, launched_at=NOW, provider_id="i-1")
STOPPED = replace(
    RUNNING, desired=Desired.STOPPED, observed=Observed.STOPPED, why=Why.USER, settled_generation=1, name="off"
)
KEPT = replace(STOPPED, why=Why.TTL, keep_stopped=DAY, ends_at=NOW + DAY, name="kept")
FOR_GOOD = replace(STOPPED, why=Why.TTL, name="for-good")
RATES = Rates(Decimal("0.0100"), Decimal("0.0050"), Decimal("0.0010"))


def test_the_soonest_end_comes_first_and_what_sleeps_for_good_has_none() -> None:
    later = replace(RUNNING, name="later", expires_at=NOW + 2 * DAY)
    coming = agenda.agenda([later, KEPT, STOPPED, FOR_GOOD, RUNNING])
    assert [row.name for row in coming] == ["web", "kept", "later"]
    assert [agenda.at(row) for row in coming] == [RUNNING.expires_at, NOW + DAY, NOW + 2 * DAY]
    assert [row.name for row in agenda.within(coming, NOW, timedelta(hours=2))] == ["web"]
    assert agenda.within(coming, NOW, None) == coming


def test_a_second_end_that_is_not_dated_yet_counts_from_when_it_was_seen_stopped() -> None:
    assert agenda.at(replace(KEPT, ends_at=None)) == KEPT.observed_at + DAY


ENDING = replace(RUNNING, on_expiry=OnExpiry.TERMINATE)
PROTECTED = replace(KEPT, protected=True)


@pytest.mark.parametrize(
    ("row", "what", "usd"),
    [
        (RUNNING, OnExpiry.STOP, "0.0150"),
        (ENDING, OnExpiry.TERMINATE, "0.0160"),
        (KEPT, OnExpiry.TERMINATE, "0.0010"),
        (PROTECTED, OnExpiry.TERMINATE, "0"),
    ],
)
def test_what_happens_and_what_an_hour_costs_less_from_then_on(row: Instance, what: OnExpiry, usd: str) -> None:
    assert agenda.what(row) is what
    assert agenda.saves(row, RATES) == Decimal(usd)


def test_nobody_guesses_what_is_saved_where_computing_has_no_price() -> None:
    assert agenda.saves(RUNNING, replace(RATES, compute=None)) is None


def lent(row: Instance, span: timedelta) -> Instance:
    return replace(row, provider_notes=Terms(lent_until=NOW + span).as_notes())


def test_what_is_lent_is_taken_back_asleep_too_and_before_its_deadline_if_that_is_later() -> None:
    rows = [lent(RUNNING, 3 * DAY), lent(STOPPED, 4 * DAY), lent(replace(RUNNING, name="short"), timedelta(minutes=5))]
    rows += [lent(replace(KEPT, protected=True), timedelta(hours=3)), lent(FOR_GOOD, 5 * DAY)]
    coming = agenda.agenda(rows)
    assert [row.name for row in coming] == ["short", "web", "kept", "off", "for-good"]
    taken = [row.name for row in coming if agenda.is_taken_back(row)]
    assert taken == ["short", "kept", "off", "for-good"]
    assert [agenda.at(row) for row in coming if row.name in ("web", "off")] == [RUNNING.expires_at, NOW + 4 * DAY]
    assert agenda.what(coming[0]) is OnExpiry.TERMINATE, "and its disk with it"
    assert (agenda.saves(coming[0], RATES), agenda.afterwards(coming[0], RATES)) == (Decimal("0.0160"), 0)
    assert agenda.afterwards(coming[2], RATES) == 0, "no protection of ours holds its host"
    assert agenda.lent_until(replace(rows[0], closed_at=NOW)) is None
