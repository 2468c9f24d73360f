"""Durations and deadlines as typed and as shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from im.domain.errors import Refused
from im.domain.input.duration import format_duration, parse_duration, parse_until

NOW = datetime(2030, 1, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30s", 30),
        ("15m", 900),
        ("2h", 7200),
        ("1d12h30m", 131_400),
        ("1w", 604_800),
        (" 1H ", 3600),
        ("365d", 31_536_000),
    ],
)
def test_what_people_type(text: str, seconds: int) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("60", "has no unit"),
        ("", "is not a duration"),
        ("1.5h", "is not a duration"),
        ("-1h", "is not a duration"),
        ("1h1d", "is not a duration"),
        ("1 h", "is not a duration"),
        ("0s", "no time at all"),
        ("0h0m", "no time at all"),
        ("366d", "longer than a year"),
        ("999999999w", "longer than a year"),
        ("1000000000000s", "is not a duration"),
        ("١h", "is not a duration"),
        ("1h; rm -rf /", "is not a duration"),
        ("h" * 10_000, "is not a duration"),
    ],
)
def test_what_is_refused(text: str, says: str) -> None:
    with pytest.raises(Refused, match=says) as caught:
        parse_duration(text)
    assert caught.value.hint
    assert len(caught.value.message) < 100


@given(st.integers(1, 365 * 86_400))
def test_what_is_shown_in_full_can_be_typed(seconds: int) -> None:
    span = timedelta(seconds=seconds)
    shown = format_duration(span, parts=5)
    typed = parse_duration(shown.replace(" ", ""))
    assert typed <= span
    assert span - typed < typed or span == typed


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0s"), (59, "59s"), (8040, "2h 14m"), (86_405, "1d"), (-90, "-1m 30s"), (-0.4, "0s"), (694_800, "1w 1d")],
)
def test_how_time_is_shown(seconds: float, shown: str) -> None:
    assert format_duration(timedelta(seconds=seconds)) == shown


def test_a_time_of_day_is_the_next_one() -> None:
    assert parse_until("18:00", NOW, UTC) == NOW.replace(hour=18)
    assert parse_until("09:30", NOW, UTC) == NOW.replace(day=2, hour=9, minute=30)


def test_a_time_without_offset_is_local() -> None:
    east = timezone(timedelta(hours=2))
    assert parse_until("2030-01-01T18:00", NOW, east) == datetime(2030, 1, 1, 16, 0, tzinfo=UTC)
    assert parse_until("2030-01-01T18:00:00Z", NOW, east) == datetime(2030, 1, 1, 18, 0, tzinfo=UTC)


@pytest.mark.parametrize("text", ["25:00", "noon", "2029-12-31T00:00Z", "2032-01-01", "", "18:60"])
def test_times_that_cannot_be(text: str) -> None:
    with pytest.raises(Refused):
        parse_until(text, NOW, UTC)
