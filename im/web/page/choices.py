"""How long a machine can be extended or started for, and what each choice comes to, by what the request itself decides by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from im.domain import intent
from im.domain.errors import Refused
from im.domain.input.duration import format_duration
from im.domain.instance import Instance
from im.domain.intent import Deadline, Intent
from im.domain.money.added import added
from im.views.cost import Costs
from im.views.words.money import more
from im.views.words.times import ahead, local
from im.web.page.site import Visit

STEPS = (timedelta(hours=1), timedelta(hours=4), timedelta(days=1))
USUAL = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to move a deadline, and what it comes to for all that are meant."""

    duration: str
    title: str
    ends: str
    money: str


def decider(
    verb: str, rows: Sequence[Instance], by: timedelta = USUAL
) -> Callable[[Instance, datetime], Intent | None]:
    """What the request itself decides by; a deadline is moved by `by`."""
    on = not all(row.protected for row in rows)
    decides: dict[str, Callable[[Instance, datetime], Intent | None]] = {
        "extend": lambda row, now: intent.extend(row, now, Deadline(by=by)),
        "start": lambda row, now: intent.start(row, now, Deadline(by=by)),
        "stop": intent.stop,
        "terminate": intent.terminate,
        "protect": lambda row, now: intent.protect(row, on),
        "give": lambda row, now: None,
    }
    return decides[verb]


def choices(visit: Visit, verb: str, rows: Sequence[Instance], now: datetime, money: Costs) -> list[Choice]:
    """An extend counts from the deadline, a start from now, or it keeps a deadline that is still to come."""
    found: list[Choice] = []
    if verb == "start" and now < min(row.expires_at for row in rows):
        kept = [(row, intent.start(row, now).on(row)) for row in rows]
        found.append(_choice(visit, "keep", "as it is", kept, now, money))
    for step in STEPS:
        decide = decider(verb, rows, step)
        try:
            moved = [(row, wanted.on(row)) for row in rows if (wanted := decide(row, now)) is not None]
        except Refused:  # one of them would last too long then
            continue
        long = format_duration(step)
        found.append(_choice(visit, long, f"+{long}" if verb == "extend" else long, moved, now, money))
    return found


def _choice(
    visit: Visit,
    duration: str,
    title: str,
    moved: Sequence[tuple[Instance, Instance]],
    now: datetime,
    money: Costs,
) -> Choice:
    """`moved`: each as it is, and as it would be."""
    zone, (first, after) = visit.look.zone, moved[0]
    to = after.expires_at
    if len(moved) > 1:
        counted = "longer" if title[0] == "+" else "from now"
        told = "each its own deadline" if duration == "keep" else f"each {duration} {counted}"
    elif to == first.expires_at:
        told = f"{local(to, now, zone)} ({ahead(to, now)})"
    else:
        told = f"{local(first.expires_at, now, zone)} → {local(to, now, zone)} ({ahead(to, now)})"
    return Choice(duration, title, told, _added(moved, now, money))


def _added(moved: Sequence[tuple[Instance, Instance]], now: datetime, money: Costs) -> str:
    """`$0.42 more`; said where the price of one is not known."""
    found = [added(row, after, money[row.id], now) for row, after in moved]
    return more([one for one in found if one is not None])
