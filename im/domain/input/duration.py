"""Durations and deadlines as people type and read them.

A duration is a row of number-unit pairs, largest unit first: `30s`, `15m`, `2h`, `1d12h30m`, `1w`. A bare integer is refused,
because it means minutes in one tool and seconds in the next.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo

from im.domain.errors import Refused

MIN_TTL = timedelta(seconds=1)
MAX_TTL = timedelta(days=365)
"""There is no "forever": a machine nobody would extend within a year is one that nobody remembers."""

_UNITS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_DURATION = re.compile(r"(?:(\d{1,9})w)?(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?", re.ASCII)
_EXAMPLES = "write it like 30s, 15m, 2h, 1d12h or 1w"


def parse_duration(text: str) -> timedelta:
    """`"1d12h30m"` → timedelta. Raises Refused for anything else, for zero and for more than a year."""
    shown = text if len(text) <= 40 else f"{text[:37]}…"
    written = text.strip().lower()
    if re.fullmatch(r"\d{1,9}", written, re.ASCII):
        raise Refused(f"'{shown}' has no unit", f"say {written}m for minutes or {written}h for hours")
    matched = _DURATION.fullmatch(written)
    if not written or matched is None:
        raise Refused(f"'{shown}' is not a duration", _EXAMPLES)
    seconds = sum(int(n) * size for n, size in zip(matched.groups(), _UNITS.values(), strict=True) if n)
    if seconds > MAX_TTL.total_seconds():
        raise Refused(f"'{shown}' is longer than a year", "ask for at most 365d and extend later")
    if seconds < MIN_TTL.total_seconds():
        raise Refused(f"'{shown}' is no time at all", _EXAMPLES)
    return timedelta(seconds=seconds)


FOREVER = "forever"


def is_duration(text: str) -> bool:
    try:
        return parse_duration(text) > timedelta(0)
    except Refused:
        return False


def parse_keep(text: str) -> timedelta | None:
    """`7d` → timedelta, `forever` → None: how long something is kept. Raises Refused for anything else."""
    return None if text.strip().lower() == FOREVER else parse_duration(text)


def parse_until(text: str, now: datetime, zone: tzinfo | None = None) -> datetime:
    """`18:00` (the next one, in `zone`) or ISO 8601 → an aware datetime after `now`.

    `now` must be aware; a time without offset is read on the wall clock of its own day in `zone` (the caller's own zone
    when None), whatever the clocks say today: https://github.com/Gamocosm/Gamocosm/issues/120. A time that comes twice, when
    the clocks go back, is the earlier one that is still ahead; one that never comes is refused.
    """
    written = text.strip()
    clock = re.fullmatch(r"(\d{1,2}):(\d{2})", written, re.ASCII)
    try:
        if clock:
            return _next(int(clock[1]), int(clock[2]), text, now, zone)
        at = _moment(datetime.fromisoformat(written), now, zone)
    except (ValueError, OverflowError, OSError):  # the last two: a year that no clock of this machine reaches
        raise Refused(f"'{text[:40]}' is not a time", "write 18:00, 2030-01-31T18:00 or 2030-01-31T18:00:00Z") from None
    if at <= now:
        raise Refused(f"{text} is in the past", "name a time that is still to come")
    if at - now > MAX_TTL:
        raise Refused(f"{text} is more than a year away", "ask for at most 365d and extend later")
    return at


def _next(hour: int, minute: int, text: str, now: datetime, zone: tzinfo | None) -> datetime:
    """The next time that the wall clock shows this."""
    if hour > 23 or minute > 59:
        raise Refused(f"'{text}' is no time of day", "write it like 18:00")
    here = now.astimezone(zone).replace(tzinfo=None)
    today = here.replace(hour=hour, minute=minute, second=0, microsecond=0, fold=0)
    for wall in (today, today + timedelta(days=1)):
        found = _readings(wall, zone)
        if not found and wall > here:
            raise _never(wall, text)
        for at in found:
            if at > now:
                return at
    raise _never(today, text)  # it comes on neither day


def _moment(written: datetime, now: datetime, zone: tzinfo | None) -> datetime:
    """What ISO 8601 says, with its own offset or on the wall clock of `zone`."""
    if written.tzinfo is not None:
        return written
    found = _readings(written, zone)
    if not found:
        raise _never(written, f"{written:%Y-%m-%dT%H:%M}")
    return next((at for at in found if at > now), found[-1])


def _readings(wall: datetime, zone: tzinfo | None) -> list[datetime]:
    """When the clock on the wall of `zone` shows `wall`, in UTC and in order: once; twice or never where the clocks change."""
    both = {_reading(wall.replace(fold=fold), zone).astimezone(UTC) for fold in (0, 1)}
    return sorted(at for at in both if at.astimezone(zone).replace(tzinfo=None) == wall)


def _reading(wall: datetime, zone: tzinfo | None) -> datetime:
    # without a zone Python asks the machine's rules for that very day (PEP 495)
    return wall.astimezone() if zone is None else wall.replace(tzinfo=zone)


def _never(wall: datetime, text: str) -> Refused:
    told = f"{text} never comes on {wall:%Y-%m-%d}: the clocks go forward over it"
    return Refused(told, "name an hour earlier or later")


def format_duration(span: timedelta, parts: int = 2) -> str:
    """The `parts` largest units, `2h 14m`; `-` in front when negative; `0s` for less than a second."""
    seconds = int(abs(span).total_seconds())
    words: list[str] = []
    for unit, size in _UNITS.items():
        amount, seconds = divmod(seconds, size)
        if amount:
            words.append(f"{amount}{unit}")
        elif words:
            break  # 1d 5s would read as a precision that is not there
    sign = "-" if span < timedelta(0) and words else ""
    return sign + (" ".join(words[:parts]) or "0s")
