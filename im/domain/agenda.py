"""What is going to end by itself: which instances, when, how, and what that saves."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal

from im.domain.instance import Instance
from im.domain.money.amount import ZERO, show_rate
from im.domain.money.forecast import Rates, goes_on_costing, rate_now, runs_on
from im.domain.state import ALIVE, GONE, Observed, OnExpiry


def agenda(rows: Iterable[Instance]) -> list[Instance]:
    """Those to which something is going to happen, soonest first."""
    return sorted((row for row in rows if is_coming(row)), key=lambda row: (at(row), row.name))


def within(rows: Iterable[Instance], now: datetime, span: timedelta | None) -> list[Instance]:
    """Those to which it happens before `span` is over; None: all of them."""
    return [row for row in rows if span is None or at(row) - now <= span]


def is_coming(row: Instance) -> bool:
    """It runs and will stop, or it sleeps and will be terminated; what is protected against that is shown as such. What is lent is
    taken back, whatever else happens to it."""
    return _by_deadline(row) or lent_until(row) is not None


def lent_until(row: Instance) -> datetime | None:
    """When its host takes it back, of a machine that there is; None where nobody does."""
    there = row.closed_at is None and row.observed not in (*GONE, Observed.NONE, Observed.TERMINATING)
    return row.terms.lent_until if there else None


def is_taken_back(row: Instance) -> bool:
    """Its host takes it back, and all that is on it, before anything else happens to it."""
    until = lent_until(row)
    return until is not None and (not _by_deadline(row) or until < _own_end(row))


def _by_deadline(row: Instance) -> bool:
    if row.stopped_by_ttl:
        return row.keep_stopped is not None
    if row.closed_at is not None:
        return False
    asleep_to_be_ended = row.on_expiry is not OnExpiry.STOP and row.observed is Observed.STOPPED and not row.to_shelve
    return runs_on(row) or row.observed in ALIVE or asleep_to_be_ended


def at(row: Instance) -> datetime:
    until = lent_until(row)
    return until if until is not None and is_taken_back(row) else _own_end(row)


def _own_end(row: Instance) -> datetime:
    if row.stopped_by_ttl and row.keep_stopped is not None:
        return row.ends_at or row.observed_at + row.keep_stopped
    return row.expires_at


def what(row: Instance) -> OnExpiry:
    """What is going to happen to it, protection left aside."""
    return OnExpiry.TERMINATE if row.stopped_by_ttl or is_taken_back(row) else row.on_expiry


def saves(row: Instance, hourly: Rates) -> Decimal | None:
    """USD per hour from then on: a stop saves what its cloud's rules say, a termination all that it costs.

    None where the price of what would be saved is not known.
    """
    if is_taken_back(row):
        return rate_now(row, hourly)
    if row.stopped_by_ttl:
        return ZERO if row.protected else hourly.stopped
    if row.on_expiry is OnExpiry.SHELVE:
        return rate_now(row, hourly)  # but for its snapshot, whose size nobody knows before it is made
    return rate_now(row, hourly) if row.on_expiry is OnExpiry.TERMINATE else hourly.saved_by_stop


def afterwards(row: Instance, hourly: Rates) -> Decimal | None:
    """USD per hour that it goes on costing then; None where the price of that is not known."""
    if what(row) is OnExpiry.SHELVE:
        return None  # that of a snapshot that is yet to be made
    kept = row.stopped_by_ttl and row.protected and not is_taken_back(row)
    return ZERO if what(row) is OnExpiry.TERMINATE and not kept else hourly.stopped


def note(row: Instance, hourly: Rates) -> str:
    """That its cost goes on past the deadline, and what to type; empty where something ends it."""
    if not goes_on_costing(row, hourly.rules):
        return ""
    rate = "" if hourly.stopped is None else f" {show_rate(hourly.stopped)}"
    says = hourly.rules.of_a_stop
    return (
        f"{row.name} goes on costing{rate} past the deadline: a stopped machine {says}. Next: im terminate {row.name}"
    )
