"""Times and states in the words that people read: the reader's own clock, and how long that is from now."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING

from im.domain.explain.phase import phase
from im.domain.input.duration import format_duration
from im.domain.state import ALIVE, Desired, Observed

if TYPE_CHECKING:
    from im.domain.instance import Instance

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def local(at: datetime, now: datetime, zone: tzinfo | None = None) -> str:
    """`17:04` today, `Tue 17:04` within a week, else with the date; seconds when they matter (within two minutes).

    `zone`: of who reads it; None: this machine's.
    """
    there, today = at.astimezone(zone), now.astimezone(zone)
    # by hand: the C library's own asks for the machine's zone each time, a tenth of a millisecond for each of 150 on a page
    clock = f"{there.hour:02}:{there.minute:02}"
    if abs(at - now) < timedelta(minutes=2):
        clock += f":{there.second:02}"
    if there.date() == today.date():
        return clock
    if abs(at - now) < timedelta(days=6):
        return f"{_DAYS[there.weekday()]} {clock}"
    return f"{there.date().isoformat()} {clock}"


def span(long: timedelta) -> str:
    """`2h 14m`, `59m`, `4m 12s`: seconds only while they matter."""
    return format_duration(long, 1 if timedelta(minutes=10) <= abs(long) < timedelta(hours=1) else 2)


def ahead(at: datetime, now: datetime) -> str:
    """`in 2h 14m`, or `12s ago`."""
    return f"in {span(at - now)}" if at > now else f"{span(now - at)} ago"


_MOMENT = re.compile(r"at (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC")


def here(text: str, now: datetime) -> str:
    """A sentence of ours with its moments as people here read them."""

    def said(found: re.Match[str]) -> str:
        at = datetime.strptime(found[1], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
        return f"{local(at, now)} ({ahead(at, now)})"

    return _MOMENT.sub(said, text)


def end_of(row: Instance, now: datetime, zone: tzinfo | None = None) -> str:
    """`stops 18:04 (in 59m)`, in the words of what the deadline does to this machine."""
    verb = row.on_expiry.does
    return f"{verb} {local(row.expires_at, now, zone)} ({ahead(row.expires_at, now)}){_afterwards(row)}"


def _afterwards(row: Instance) -> str:
    if row.protected:
        return ", protected"
    return f", kept {span(row.keep_stopped)}, then terminated" if row.keep_stopped else ""


def second_end(row: Instance, now: datetime, zone: tzinfo | None = None) -> str:
    """What becomes of a machine that its TTL has stopped: `terminates Tue 18:04 (in 6d 23h)`; empty when nothing will."""
    if not row.stopped_by_ttl or row.keep_stopped is None:
        return ""
    if row.protected:
        return "protected, so it stays"
    if row.ends_at is None:
        return f"terminates {span(row.keep_stopped)} after it was seen stopped"
    return f"terminates {local(row.ends_at, now, zone)} ({ahead(row.ends_at, now)})"


def ssh_line(row: Instance) -> str | None:
    """The line that logs in; None while there is no address."""
    address = address_of(row)
    if row.desired is not Desired.RUNNING or row.observed is not Observed.RUNNING or not address:
        return None
    port = f"-p {row.terms.ssh_port} " if row.terms.ssh_port else ""
    address = row.terms.ssh_host or address
    # who may log in to a machine that im did not make is not known: ssh's own configuration decides
    return f"ssh {port}{row.spec.ssh_user}@{address}" if row.spec.ssh_user else f"ssh {port}{address}"


def address_of(row: Instance) -> str | None:
    """The public one; of a machine that is to have none, that of its network; else where its ssh answers."""
    return row.public_ip or row.terms.ssh_host or (row.private_ip if row.spec.public_ip is False else None)


def time_left(row: Instance, now: datetime) -> str:
    """What remains for a machine that runs or is about to; `12s over` for one that should be stopped by now."""
    if row.observed not in ALIVE and not (row.launching or row.being_adopted):
        return "-"
    left = row.expires_at - now
    return span(left) if left > timedelta(0) else f"{span(-left)} over"


def state(row: Instance, now: datetime) -> str:
    """`running 54.1.2.3 · ssh ubuntu@54.1.2.3`, or just the word while there is no address."""
    word, ssh = phase(row, now).word, ssh_line(row)
    return f"{word} {address_of(row)} · {ssh}" if ssh else word


def sentence(row: Instance, now: datetime) -> str:
    """One instance on one line: `web-1: running 54.1.2.3 · ssh ubuntu@54.1.2.3 · stops 18:04 (in 59m)`."""
    runs = row.desired is Desired.RUNNING and (row.observed in ALIVE or row.launching or row.being_adopted)
    told = end_of(row, now) if runs else second_end(row, now)
    ends = f" · {told}" if told else ""
    return f"{row.name}: {state(row, now)}{ends}"


def names(rows: Sequence[Instance], most: int = 3) -> str:
    """`web-1, web-2 and 7 more`."""
    told = ", ".join(row.name for row in rows[:most])
    return f"{told} and {len(rows) - most} more" if len(rows) > most else told
