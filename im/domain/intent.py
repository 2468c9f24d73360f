"""What a request asks for: the row before and the wish, in; the new goal and deadline, out.

Pure: the same function decides for the command line, a web page and a test. The newest intent wins; terminate absorbs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from im.domain.errors import Refused
from im.domain.explain.again import create_line
from im.domain.input.duration import MAX_TTL, format_duration
from im.domain.state import GONE, Desired, Observed, OnExpiry, Shelf, Why

if TYPE_CHECKING:
    from im.domain.instance import Instance


@dataclass(frozen=True, slots=True)
class Deadline:
    """How the deadline should move: by a span, or to a moment. Exactly one of the two."""

    by: timedelta | None = None
    to: datetime | None = None

    def __post_init__(self) -> None:
        if (self.by is None) == (self.to is None):
            raise ValueError("a deadline moves by a span or to a moment")

    def after(self, now: datetime, current: datetime | None = None) -> datetime:
        """The new deadline: the moment itself, or the span added to the current deadline (to `now` when that is past)."""
        if self.by is not None:
            at = max(now, current or now) + self.by
        else:
            assert self.to is not None
            at = self.to
        if at <= now:
            raise Refused("that deadline is in the past", "name a time that is still to come")
        if at - now > MAX_TTL:
            raise Refused("that deadline is more than a year away", "extend by less; there is no forever")
        return at


@dataclass(frozen=True, slots=True)
class Intent:
    """The new goal of one row."""

    desired: Desired
    expires_at: datetime
    why: Why
    relaunch: bool = False
    """No machine exists and none is on its way: a new launch has to be opened."""
    shelve: bool = False
    """Once it is stopped it is to give way to a snapshot of itself."""

    def on(self, row: Instance) -> Instance:
        """The row as this makes it, before anybody has done anything about it: what a rehearsal tells of it."""
        generation = row.generation + 1
        asleep = row.desired is self.desired is Desired.STOPPED and self.why is Why.TTL
        return replace(
            row,
            desired=self.desired,
            expires_at=self.expires_at,
            why=self.why,
            generation=generation,
            shelve_generation=generation if self.shelve else row.shelve_generation,
            ends_at=row.ends_at if asleep and self.expires_at == row.expires_at else None,
        )


def extend(row: Instance, now: datetime, deadline: Deadline, *, start: bool = True) -> Intent:
    """Move the deadline; a stopped instance wakes, unless `start` is False."""
    _refuse_if_ending(row, "extended")
    if _no_machine(row) and row.error_code and not row.shelved:
        raise Refused(
            f"{row.name} never launched: {row.error or row.error_code}",
            f"im start {row.name} -d 1h  tries again",
        )
    expires_at = _within_the_loan(row, deadline.after(now, row.expires_at))
    if not start:
        return Intent(row.desired, expires_at, row.why, shelve=row.to_shelve)
    return Intent(Desired.RUNNING, expires_at, Why.USER, relaunch=_no_machine(row))


def start(row: Instance, now: datetime, deadline: Deadline | None = None) -> Intent:
    """Run it; a new deadline is needed when the old one has passed."""
    _refuse_if_ending(row, "started")
    if deadline is None and row.expires_at <= now:
        ago = format_duration(now - row.expires_at)
        raise Refused(f"the deadline of {row.name} passed {ago} ago", f"say for how long: im start {row.name} -d 1h")
    expires_at = _within_the_loan(row, deadline.after(now)) if deadline else row.expires_at
    return Intent(Desired.RUNNING, expires_at, Why.USER, relaunch=_no_machine(row))


def _within_the_loan(row: Instance, expires_at: datetime) -> datetime:
    """`expires_at` itself. Raises Refused for one that its host does not wait for."""
    until = row.terms.lent_until
    if until is not None and expires_at > until:
        raise Refused(
            f"the host of {row.name} takes it back at {until:%Y-%m-%d %H:%M:%S} UTC, and nobody can move that",
            f"im extend {row.name} --until an earlier time, or make another: {create_line(row)}",
        )
    return expires_at


def stop(row: Instance, now: datetime, *, shelve: bool = False) -> Intent:
    """Stop it; the deadline stays as it is. What its TTL has stopped stays stopped by that, with all that follows.

    `shelve`: and let it give way to a snapshot of itself. What is shelved stays so.
    """
    _refuse_if_ending(row, "shelved" if shelve else "stopped")
    if shelve or row.shelved:
        return _shelve(row)
    if row.on_expiry is OnExpiry.TERMINATE:
        spare = row.spec.spot
        what = (
            "cannot be stopped, only terminated"
            if spare and spare.once
            else "was made to be terminated, not to be stopped"
        )
        raise Refused(f"{row.name} {what}", f"im terminate {row.name}")
    ttl = row.desired is Desired.STOPPED and row.why is Why.TTL
    return Intent(Desired.STOPPED, row.expires_at, Why.TTL if ttl else Why.USER)


def _shelve(row: Instance) -> Intent:
    if _no_machine(row) and not row.shelved:
        raise Refused(f"{row.name} has no machine to be shelved", f"im terminate {row.name}  removes it")
    if row.protected:
        raise Refused(
            f"{row.name} is protected against being terminated, and shelving ends its machine",
            f"im protect {row.name} --off  lifts that",
        )
    return Intent(Desired.STOPPED, row.expires_at, Why.USER, shelve=True)


def terminate(row: Instance, now: datetime) -> Intent:
    """End it. Asking again is fine; asking for a machine that is gone is not."""
    if row.observed in GONE or row.closed_at is not None:
        raise Refused(f"{row.name} is already gone", "im list --all  shows what was")
    if row.protected:
        raise Refused(f"{row.name} is protected against being terminated", f"im protect {row.name} --off  lifts that")
    return Intent(Desired.TERMINATED, row.expires_at, Why.USER)


def protect(row: Instance, on: bool) -> None:
    """Raises Refused where protection cannot be given; taking it away is always possible."""
    if not on:
        return
    _refuse_if_ending(row, "protected")
    if row.spec.spot is not None:
        raise Refused(
            f"{row.name} is a spot machine, and the cloud may take it back at any time: it cannot be protected",
            f"im extend {row.name} -d 8h  keeps it longer",
        )
    if row.on_expiry is OnExpiry.TERMINATE:
        raise Refused(
            f"the deadline of {row.name} terminates it, and protection would be an empty promise",
            f"im extend {row.name} -d 8h  keeps it longer",
        )
    if row.on_expiry is OnExpiry.SHELVE or row.to_shelve or row.shelf is not Shelf.NONE:
        raise Refused(
            f"{row.name} is shelved, or is to be, which ends its machine: protection would be an empty promise",
            f"im extend {row.name} -d 8h  keeps it longer",
        )


def _no_machine(row: Instance) -> bool:
    return row.observed is Observed.NONE and not row.launching and not row.being_adopted


def _refuse_if_ending(row: Instance, what: str) -> None:
    if row.observed in GONE or row.closed_at is not None:
        raise Refused(f"{row.name} is gone and cannot be {what}", f"{create_line(row)}  makes the same again")
    if row.desired is Desired.TERMINATED or row.observed is Observed.TERMINATING:
        raise Refused(
            f"{row.name} is being terminated and cannot be {what}",
            "im create  makes a new one once it is gone",
        )
