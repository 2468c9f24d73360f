"""Moments and spans as every document has them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def utc(at: datetime | None) -> str | None:
    """RFC 3339 in UTC with milliseconds: `2026-11-28T14:54:50.000Z`."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z") if at is not None else None


def seconds(long: timedelta | None) -> int | None:
    """Whole seconds."""
    return int(long.total_seconds()) if long is not None else None
