"""resumption: what would become of machines if a database that holds went on from the deadlines and requests that it knows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from im.domain.hold import Hold, HoldKind
from im.domain.instance import Instance
from im.domain.lifecycle import Step, next_step
from im.domain.state import ALIVE, Desired, Observed, OnExpiry

ENDED_BY_IT = (HoldKind.CLONE, HoldKind.COPY, HoldKind.RESTORED, HoldKind.WATCH)
SOON = timedelta(hours=1)
"""A deadline that comes within this is shown too."""


class Effect(StrEnum):
    STOP = "stop"
    SHELVE = "shelve"
    TERMINATE = "terminate"
    START = "start"
    LAUNCH = "launch"


@dataclass(frozen=True, slots=True)
class Consequence:
    """`at`: when it would be done; a moment that has passed is at once."""

    row: Instance
    effect: Effect
    because: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Resumption:
    """Why nothing is enforced, and what would be done if that ended now, the first to be done first."""

    now: datetime
    holds: tuple[Hold, ...]
    consequences: tuple[Consequence, ...]

    @property
    def at_once(self) -> list[Consequence]:
        return [one for one in self.consequences if one.at <= self.now]


def consequences(rows: Iterable[Instance], now: datetime) -> tuple[Consequence, ...]:
    """Of all the living rows; those to which nothing would be done within `SOON` are left out."""
    found = filter(None, (consequence(row, now) for row in rows))
    return tuple(sorted(found, key=lambda one: (one.at, one.row.name)))


def consequence(row: Instance, now: datetime) -> Consequence | None:
    """What comes first of its deadlines and of what was asked for it; None: nothing would be done within `SOON`."""
    if row.closed_at is not None:
        return None
    if row.desired is not Desired.TERMINATED and _ends_by_deadline(row) and row.expires_at <= now:
        return Consequence(row, _at_deadline(row), f"its deadline here was at {_utc(row.expires_at)}", row.expires_at)
    if not row.settled and not row.failed and (asked := _asked(row)) is not None:
        return Consequence(row, asked, f"{row.by} asked for it, and it is not known to be done", now)
    if row.ends_at is not None and row.ends_at <= now + SOON and row.stopped_by_ttl and not row.protected:
        return Consequence(row, Effect.TERMINATE, f"it was kept stopped until {_utc(row.ends_at)}", row.ends_at)
    if row.desired is Desired.RUNNING and row.expires_at <= now + SOON:
        return Consequence(row, _at_deadline(row), f"its deadline here is at {_utc(row.expires_at)}", row.expires_at)
    return None


def _ends_by_deadline(row: Instance) -> bool:
    """As `im.db.instances.requests.is_due` has it, whatever its deadline."""
    shelves = row.shelves and not row.to_shelve and row.observed is Observed.STOPPED
    runs = row.desired is Desired.RUNNING or (row.settled and row.observed in ALIVE)
    return runs or shelves or row.on_expiry is OnExpiry.TERMINATE


def _at_deadline(row: Instance) -> Effect:
    if row.on_expiry is OnExpiry.TERMINATE:
        return Effect.TERMINATE
    return Effect.SHELVE if row.shelves else Effect.STOP


def _asked(row: Instance) -> Effect | None:
    match next_step(row.desired, row.observed).step:
        case Step.START:
            return Effect.START
        case Step.STOP:
            return Effect.SHELVE if row.to_shelve else Effect.STOP
        case Step.TERMINATE:
            return Effect.TERMINATE
        case Step.AWAIT_LAUNCH if row.desired is Desired.RUNNING:
            return Effect.LAUNCH
        case _:
            return None


def _utc(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
