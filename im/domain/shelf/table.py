"""Shelving: a stopped machine that costs as much as a running one gives way to a snapshot of itself, and comes back from it.

Level-triggered like the steps of `im.domain.lifecycle`: the row of an instance and the row of one snapshot of it say what is next.
Two things never happen: a machine is deleted only when its snapshot was seen complete, and a snapshot only when it is not needed
any more: a machine has been seen to run since, or is there that the snapshot was made of, or somebody asked for the end of both.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import product

from im.domain.instance import Instance
from im.domain.shelf.snapshot import Made, Snapshot
from im.domain.state import GONE, Desired, Observed, Shelf, Why


class Want(StrEnum):
    """What is desired of an instance, as far as its snapshots are concerned."""

    RUN = "run"
    STOP = "stop"
    SHELVE = "shelve"
    END = "end"
    """Somebody asked for its end, or its deadline did."""
    LOST = "lost"
    """It ended without anybody asking im for that: its snapshots are left to people."""


class There(StrEnum):
    """What there is of its machine."""

    NOTHING = "nothing"
    COMING = "coming"
    """A launch is on its way."""
    RUNS = "runs"
    RESTS = "rests"
    """Stopped, as desired, and nothing contradicts that."""
    MOVES = "moves"
    """Anything between, or in doubt."""
    OVER = "over"
    """The row is closed."""


class ShelfStep(StrEnum):
    """What is to be done about one snapshot."""

    REST = "rest"
    SAVE = "save"
    WATCH = "watch"
    REMOVE = "remove"
    """Delete the machine, after one more look at both."""
    DISCARD = "discard"


@dataclass(frozen=True, slots=True)
class Standing:
    """Everything on which the next step depends."""

    want: Want
    there: There
    made: Made
    own: bool
    """The machine that the instance has is the one that the snapshot is made of."""
    current: bool
    """It is made for the present generation of what is desired."""
    leaving: bool


_WHOLE = (Made.COMPLETE, Made.KEPT)


def next_step(at: Standing) -> ShelfStep:
    """The decision table; total."""
    if at.made is Made.GONE:
        return ShelfStep.REST
    if at.made is Made.SPENT:
        return ShelfStep.DISCARD
    if at.leaving and at.own and at.made in _WHOLE:
        return ShelfStep.REMOVE  # whatever is desired by now: it may have been deleted already
    if at.there is There.OVER:
        return ShelfStep.DISCARD if at.want is Want.END else ShelfStep.REST
    if at.made is Made.KEPT and not at.own:
        ended = at.there is There.NOTHING and at.want is Want.END
        return ShelfStep.DISCARD if at.there is There.RUNS or ended else ShelfStep.REST
    if at.own and at.current and at.want is Want.SHELVE:
        return _saving(at) if at.there is There.RESTS else ShelfStep.REST
    # called off: the machine that it is made of has to be seen first
    return ShelfStep.DISCARD if at.own and at.there in (There.RUNS, There.RESTS) else ShelfStep.REST


def _saving(at: Standing) -> ShelfStep:
    if at.made in _WHOLE:  # kept already: the machine was believed gone, and is there all the same
        return ShelfStep.REMOVE
    return {Made.WANTED: ShelfStep.SAVE, Made.ASKED: ShelfStep.WATCH}.get(at.made, ShelfStep.REST)


def all_standings() -> Iterator[Standing]:
    both = (True, False)
    for facts in product(Want, There, Made, both, both, both):
        yield Standing(*facts)


OURS = (Why.USER, Why.TTL)
"""By whose hand an end is one that was asked for."""


def want_of(row: Instance) -> Want:
    match row.desired:
        case Desired.TERMINATED:
            return Want.END if row.why in OURS else Want.LOST
        case Desired.RUNNING:
            return Want.RUN
        case Desired.STOPPED:
            return Want.SHELVE if row.to_shelve else Want.STOP


def there_of(row: Instance) -> There:
    if row.closed_at is not None or row.observed in GONE:
        return There.OVER
    if row.observed is Observed.NONE:
        return There.COMING if row.launching else There.NOTHING
    if row.observed is Observed.RUNNING:
        return There.RUNS
    rests = row.observed is Observed.STOPPED and row.settled and row.drift_since is None
    return There.RESTS if rests else There.MOVES


def standing(row: Instance, snapshot: Snapshot) -> Standing:
    return Standing(
        want=want_of(row),
        there=there_of(row),
        made=snapshot.made,
        own=row.provider_id == snapshot.machine,
        current=snapshot.generation == row.generation,
        leaving=row.shelf is Shelf.LEAVING,
    )
