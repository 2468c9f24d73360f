"""The word a person reads about an instance, and how it should strike the eye: computed, never stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from im.domain.shelf.snapshot import NOT_SHELVED
from im.domain.spec.placement import standing
from im.domain.state import ALIVE, Desired, Observed, Shelf, Why, meets

if TYPE_CHECKING:
    from im.domain.instance import Instance


class Tone(StrEnum):
    """How a phase should strike the eye."""

    GOOD = "good"
    BUSY = "busy"
    IDLE = "idle"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Phase:
    """The state in a word or a few."""

    word: str
    tone: Tone


_RUNNING = Phase("running", Tone.GOOD)
_OTHERS = (Why.SPOT, Why.GUEST, Why.RETIRED, Why.CLOUD)
"""Whose doing it can be that a machine stops or ends, other than a person's or the deadline's."""
_MOVING = {
    (Desired.RUNNING, Observed.PENDING): "launching",
    (Desired.RUNNING, Observed.HALTED): "starting",
    (Desired.RUNNING, Observed.STOPPED): "starting",
    (Desired.RUNNING, Observed.STOPPING): "stopping, then starting",
    (Desired.STOPPED, Observed.RUNNING): "stopping",
    (Desired.STOPPED, Observed.HALTED): "off, still billed; stopping",
    (Desired.STOPPED, Observed.PENDING): "starting, then stopping",
    (Desired.STOPPED, Observed.STOPPING): "stopping",
}


def phase(row: Instance, now: datetime) -> Phase:
    """The state in words, from the row and the time; never stored."""
    match row.observed:
        case Observed.RUNNING | Observed.STOPPED | Observed.PENDING | Observed.HALTED | Observed.STOPPING:
            pass  # first: most machines of a list are there
        case Observed.TERMINATED:
            ended = {Why.OUTSIDE: "terminated outside"} | {why: f"terminated ({why})" for why in _OTHERS}
            return Phase(ended.get(row.why, "terminated"), Tone.IDLE)
        case Observed.MISSING:
            return Phase("vanished", Tone.WARN)
        case Observed.TERMINATING:
            return Phase("terminating", Tone.BUSY)
        case Observed.NONE:
            return _phase_without_machine(row, now)
    if row.shelf is Shelf.LEAVING:
        trouble = f" ({_plain(row.error_code)}, retrying)" if row.error_code else ""
        return Phase(f"shelving{trouble}", Tone.BAD if trouble else Tone.BUSY)
    if row.label_changed:
        late = row.observed in ALIVE and now >= row.expires_at
        return Phase(
            f"{row.observed}, label changed{', past deadline' if late else ''}", Tone.BAD if late else Tone.WARN
        )
    if row.failed:
        return Phase(f"{row.observed}, failed: {_plain(row.error_code)}", Tone.BAD)
    if row.desired is Desired.TERMINATED:
        if row.error_code and not row.settled:
            return Phase(f"terminating ({_plain(row.error_code)}, retrying)", Tone.BAD)
        return Phase(_expired(row, now, "terminating"), Tone.BUSY)
    if row.settled and meets(row.desired, row.observed):
        if row.observed is Observed.STOPPED and row.to_shelve:
            return _phase_to_shelve(row)
        if row.observed is Observed.STOPPED:
            asleep = {Why.OUTSIDE: "stopped outside"} | {why: f"stopped ({why})" for why in (Why.TTL, *_OTHERS)}
            return Phase(asleep.get(row.why, "stopped"), Tone.IDLE)
        return Phase("running, past deadline", Tone.BAD) if now >= row.expires_at else _RUNNING
    if row.settled and row.observed is Observed.HALTED:
        return Phase(f"off, still billed{', past deadline' if now >= row.expires_at else ''}", Tone.BAD)
    if row.settled:
        late = row.observed in (Observed.PENDING, Observed.RUNNING) and now >= row.expires_at
        return Phase(f"{row.observed} outside{', past deadline' if late else ''}", Tone.BAD if late else Tone.WARN)
    if meets(row.desired, row.observed):
        return Phase(row.observed.value, Tone.GOOD if row.observed is Observed.RUNNING else Tone.IDLE)
    if row.observed is Observed.STOPPED and row.interrupted_at is not None:
        return Phase("taken back by the cloud, waiting for room", Tone.WARN)
    moving = _MOVING[row.desired, row.observed]
    if row.desired is Desired.RUNNING and row.observed is Observed.PENDING and row.generation > 1:
        moving = "starting"
    if row.error_code:
        return Phase(f"{moving} ({_plain(row.error_code)}, retrying)", Tone.BAD)
    return Phase(_expired(row, now, moving), Tone.BUSY)


def _phase_to_shelve(row: Instance) -> Phase:
    if row.error_code == NOT_SHELVED:
        return Phase("stopped, not shelved", Tone.BAD)
    if row.error_code:
        return Phase(f"stopped, shelving ({_plain(row.error_code)}, retrying)", Tone.BAD)
    return Phase("stopped, shelving", Tone.BUSY)


def _phase_shelved(row: Instance) -> Phase:
    if row.desired is Desired.TERMINATED:
        trouble = f" ({_plain(row.error_code)}, retrying)" if row.error_code else ""
        return Phase(f"terminating{trouble}", Tone.BAD if trouble else Tone.BUSY)
    if row.launching:
        trouble = f" ({_plain(row.error_code)}, retrying)" if row.error_code else ""
        return Phase(f"coming back from its snapshot{trouble}", Tone.WARN if trouble else Tone.BUSY)
    if row.failed or row.error_code:
        return Phase(f"shelved, failed: {_plain(row.error_code)}", Tone.BAD)
    return Phase("shelved (ttl)" if row.why is Why.TTL else "shelved", Tone.IDLE)


def _phase_without_machine(row: Instance, now: datetime) -> Phase:
    if row.shelved:
        return _phase_shelved(row)
    if row.shelf is Shelf.SHELVED:
        return Phase("terminated", Tone.IDLE)
    if row.closed_at is not None:
        return Phase("not adopted" if row.failed else "failed, removed" if row.error_code else "cancelled", Tone.IDLE)
    if row.being_adopted:
        return Phase("terminating" if row.desired is Desired.TERMINATED else "adopting", Tone.BUSY)
    if row.error_code and not row.launching:
        return Phase(f"failed: {_plain(row.error_code)}", Tone.BAD)
    if row.desired is not Desired.RUNNING:
        return Phase("cancelling" if row.launching else "cancelled", Tone.BUSY if row.launching else Tone.IDLE)
    if row.error_code == "no_capacity":
        return Phase(f"launching ({standing(row.spec, row.candidate)})", Tone.WARN)
    if row.error_code:
        return Phase(f"launching ({_plain(row.error_code)}, retrying)", Tone.WARN)
    return Phase("launching", Tone.BUSY)


def _expired(row: Instance, now: datetime, doing: str) -> str:
    return f"expired, {doing}" if row.why is Why.TTL and now >= row.expires_at else doing


def _plain(code: str | None) -> str:
    return (code or "unknown").replace("_", " ")
