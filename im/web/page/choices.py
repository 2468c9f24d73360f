"""How long a machine can be extended or started for, and what each choice comes to, by what the request itself decides by."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from im.domain import intent
from im.domain.errors import Refused
from im.domain.input.duration import format_duration
from im.domain.instance import Instance
from im.domain.intent import Deadline, Intent
from im.domain.money.amount import ZERO, show
from im.domain.money.bill import for_span
from im.views.cost import Costs
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
    kept = {row.id: row.expires_at for row in rows}
    found = (
        [_choice(visit, "keep", "as it is", rows, now, money, kept)]
        if verb == "start" and now < min(kept.values())
        else []
    )
    for step in STEPS:
        decide = decider(verb, rows, step)
        try:
            ends = {row.id: wanted.expires_at for row in rows if (wanted := decide(row, now)) is not None}
        except Refused:  # one of them would last too long then
            continue
        long = format_duration(step)
        found.append(_choice(visit, long, f"+{long}" if verb == "extend" else long, rows, now, money, ends))
    return found


def _choice(
    visit: Visit,
    duration: str,
    title: str,
    rows: Sequence[Instance],
    now: datetime,
    money: Costs,
    ends: Mapping[str, datetime],
) -> Choice:
    zone, first = visit.look.zone, rows[0]
    to = ends[first.id]
    if len(rows) > 1:
        counted = "longer" if title[0] == "+" else "from now"
        told = "each its own deadline" if duration == "keep" else f"each {duration} {counted}"
    elif to == first.expires_at:
        told = f"{local(to, now, zone)} ({ahead(to, now)})"
    else:
        told = f"{local(first.expires_at, now, zone)} → {local(to, now, zone)} ({ahead(to, now)})"
    return Choice(duration, title, told, _added(rows, now, money, ends))


def _added(rows: Sequence[Instance], now: datetime, money: Costs, ends: Mapping[str, datetime]) -> str:
    """`$0.42 more`, by the rate while it runs; said where the price of one is not known."""
    total = ZERO
    for row in rows:
        rate = money[row.id].rates.running
        if rate is None:
            return "price unknown"
        total += for_span(rate, ends[row.id] - now) - (money[row.id].to_deadline or ZERO)
    return f"{show(total)} more" if total >= 0 else f"{show(-total)} less"
