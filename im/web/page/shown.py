"""One instance as the page shows it: the words of the command line, and what of it may be done by who looks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from im.domain import intent
from im.domain.access import Actor, Allow, Verb, may
from im.domain.errors import Refused
from im.domain.explain.phase import Tone, phase
from im.domain.instance import Instance
from im.domain.intent import Deadline
from im.domain.state import Desired
from im.views.cost import Costs
from im.views.words.money import cost_cell, rate_cell
from im.views.words.times import address_of, ssh_line, time_left

if TYPE_CHECKING:
    from im.domain.money.cost import Cost

_HOUR = Deadline(by=timedelta(hours=1))


@dataclass(frozen=True, slots=True)
class Shown:
    row: Instance
    status: str
    tone: Tone
    left: str
    """`59m`, `12s over`, or `-` for what is at rest."""
    counts_down: bool
    used: float
    """How much of its life so far until the deadline is over, 0 to 1."""
    ends: str
    """What its deadline does: `stops`, `terminates` or `shelves`."""
    rate: str
    cost: str
    ssh: str
    address: str
    can: frozenset[str]
    """The verbs that this reader may use on it, and that can be done to it as it is."""


def shown(rows: Iterable[Instance], now: datetime, costs: Costs, actor: Actor) -> list[Shown]:
    return [_shown(row, now, costs.get(row.id), actor) for row in rows]


def _shown(row: Instance, now: datetime, cost: Cost | None, actor: Actor) -> Shown:
    told, left = phase(row, now), time_left(row, now)
    whole = (row.expires_at - (row.launched_at or row.created_at)).total_seconds()
    gone = whole - (row.expires_at - now).total_seconds()
    return Shown(
        row=row,
        status=told.word,
        tone=told.tone,
        left=left,
        counts_down=left != "-",
        used=min(1.0, max(0.0, gone / whole)) if whole > 0 else 1.0,
        ends=row.on_expiry.does,
        rate=rate_cell(cost),
        cost=cost_cell(cost),
        ssh=ssh_line(row) or "",
        address=address_of(row) or "",
        can=frozenset(_possible(row, now, actor)),
    )


def _possible(row: Instance, now: datetime, actor: Actor) -> Iterable[str]:
    asleep = row.desired is not Desired.RUNNING or row.failed
    tries: Mapping[Verb, Callable[[], object]] = {
        Verb.EXTEND: lambda: intent.extend(row, now, _HOUR),
        Verb.START: lambda: intent.start(row, now, _HOUR),
        Verb.STOP: lambda: intent.stop(row, now),
        Verb.TERMINATE: lambda: intent.terminate(row, now),
        Verb.PROTECT: lambda: intent.protect(row, not row.protected),
        Verb.GIVE: lambda: None,
    }
    for verb, attempt in tries.items():
        if row.closed_at is not None or ((verb is Verb.START) != asleep and verb in (Verb.START, Verb.STOP)):
            continue
        if not isinstance(may(actor, verb, row.owner), Allow):
            continue
        try:
            attempt()
        except Refused:
            continue
        yield verb.name.lower()
