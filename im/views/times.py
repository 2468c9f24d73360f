"""Moments and spans as every document has them, and read again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache


@lru_cache(maxsize=4096)
def utc(at: datetime | None) -> str | None:
    """RFC 3339 in UTC with milliseconds: `2026-11-28T14:54:50.000Z`.

    The moments of a row stay as they are from one look to the next, and to write one takes thrice as long as to remember it.
    """
    return at.astimezone(UTC).isoformat("T", "milliseconds")[:-6] + "Z" if at is not None else None  # without +00:00


def seconds(long: timedelta | None) -> int | None:
    """Whole seconds."""
    return int(long.total_seconds()) if long is not None else None


def precise(long: timedelta) -> float:
    """Seconds and their fractions, for who adds them up."""
    return long.total_seconds()


def read_utc(told: str | None) -> datetime | None:
    return None if told is None else datetime.fromisoformat(told)


def read_moment(told: str) -> datetime:
    return datetime.fromisoformat(told)


def read_seconds(told: float | None) -> timedelta | None:
    return None if told is None else read_span(told)


def read_span(told: float) -> timedelta:
    return timedelta(seconds=told)
