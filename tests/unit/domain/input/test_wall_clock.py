"""`--until` is read on the wall clock of the day that it names, wherever the caller's clocks stand today."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from im.domain.errors import Refused
from im.domain.input.duration import parse_until

BERLIN, NEW_YORK, SYDNEY = "Europe/Berlin", "America/New_York", "Australia/Sydney"

# zone, now (UTC), typed, meant (UTC)
DAYS = [
    (BERLIN, "2027-01-15T12:00", "2027-06-15T18:00", "2027-06-15T16:00"),  # typed in winter, for summer
    (BERLIN, "2027-06-15T12:00", "2027-12-15T18:00", "2027-12-15T17:00"),
    (BERLIN, "2027-03-27T18:30", "18:00", "2027-03-28T16:00"),  # the eve of both changes
    (BERLIN, "2027-10-30T18:30", "18:00", "2027-10-31T17:00"),
    (BERLIN, "2027-03-28T00:30", "18:00", "2027-03-28T16:00"),  # before the change on its own day
    (BERLIN, "2027-10-30T00:30", "2027-10-31", "2027-10-30T22:00"),
    (NEW_YORK, "2027-01-15T12:00", "2027-06-15T18:00", "2027-06-15T22:00"),
    (NEW_YORK, "2027-03-13T23:30", "18:00", "2027-03-14T22:00"),
    (NEW_YORK, "2027-11-06T22:30", "18:00", "2027-11-07T23:00"),
    (SYDNEY, "2027-01-15T12:00", "2027-06-15T18:00", "2027-06-15T08:00"),
    (SYDNEY, "2027-04-03T08:00", "18:00", "2027-04-04T08:00"),
    (SYDNEY, "2027-10-02T09:00", "18:00", "2027-10-03T07:00"),
    (BERLIN, "2027-06-15T12:00", "2027-06-15T18:00+05:00", "2027-06-15T13:00"),  # an offset is taken at its word
    # 02:30 comes twice on that day: the earlier, unless only the later is still ahead
    (BERLIN, "2027-10-30T12:00", "2027-10-31T02:30", "2027-10-31T00:30"),
    (BERLIN, "2027-10-31T00:45", "02:30", "2027-10-31T01:30"),
    (BERLIN, "2027-10-31T00:45", "2027-10-31T02:30", "2027-10-31T01:30"),
    # 02:30 did not come on the day that has passed it, and comes on the next
    (BERLIN, "2027-03-28T10:00", "02:30", "2027-03-29T00:30"),
]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[str]:
    """This process lives in that zone."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(("zone", "now", "typed", "moment"), DAYS)
def test_it_is_the_wall_clock_of_that_day_in_a_zone_that_is_named(zone: str, now: str, typed: str, moment: str) -> None:
    assert parse_until(typed, at(now), ZoneInfo(zone)) == at(moment)


@pytest.mark.parametrize(("here", "now", "typed", "moment"), DAYS, indirect=["here"])
def test_it_is_the_wall_clock_of_that_day_on_this_machine(here: str, now: str, typed: str, moment: str) -> None:
    assert parse_until(typed, at(now)) == at(moment)


@pytest.mark.parametrize("typed", ["02:30", "2027-03-28T02:30"])
def test_a_time_that_the_clocks_pass_over_is_said_so(typed: str) -> None:
    with pytest.raises(Refused, match="02:30 never comes on 2027-03-28: the clocks go forward over it"):
        parse_until(typed, at("2027-03-27T12:00"), ZoneInfo(BERLIN))


@pytest.mark.parametrize("here", [NEW_YORK, SYDNEY], indirect=True)
@pytest.mark.parametrize("typed", ["9999-12-31T23:59", "0001-01-01T00:00", "9999-12-31", "0001-01-01"])
def test_a_year_that_no_clock_reaches_is_refused_in_words(here: str, typed: str) -> None:
    with pytest.raises(Refused):
        parse_until(typed, at("2027-06-15T12:00"))
