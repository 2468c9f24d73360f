"""One instance as the page shows it: the words of the command line, and what of it may be done by who looks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING
from urllib.parse import quote_plus

from im.domain import intent
from im.domain.access import Actor, Allow, Verb, may
from im.domain.errors import Refused
from im.domain.explain.phase import Tone, phase
from im.domain.instance import Instance
from im.domain.intent import Deadline
from im.domain.state import Desired
from im.views.cost import Costs
from im.views.words.money import cost_cell, rate_cell
from im.views.words.times import address_of, local, ssh_line, time_left

if TYPE_CHECKING:
    from im.domain.money.cost import Cost

_HOUR = Deadline(by=timedelta(hours=1))


@dataclass(frozen=True, slots=True)
class Shape:
    """What decides how an instance is drawn; the same for most of those that stand on one page."""

    tone: Tone
    counts_down: bool
    """It runs or is about to: its time left is shown, and goes on."""
    over: bool
    """Past its deadline."""
    protected: bool
    spot: bool
    can: frozenset[str]
    """The verbs that this reader may use on it, and that can be done to it as it is."""


@dataclass(frozen=True, slots=True)
class Words:
    """What is written where it is drawn. Whatever is told of it may be anybody's words: it is escaped wherever it is written."""

    id: str
    name: str
    called: str
    """Its name, as an address has it."""
    at: str
    """The last part of the address of its own page."""
    status: str
    left: str
    """`59m`, `12s over`, or `-` for what is at rest."""
    remains: str
    """How much of its life until the deadline is left, in thousandths."""
    since: str
    """When that began, in milliseconds since 1970."""
    until: str
    """When it ends, the same."""
    ends: str
    """What its deadline does: `stops`, `terminates` or `shelves`."""
    ends_at: str
    """When, as its reader's clock has it."""
    ends_iso: str
    ends_utc: str
    type: str
    zone: str
    address: str
    ssh: str
    """The line that logs in; empty as long as there is none."""
    rate: str
    cost: str
    owner: str
    provider: str
    cloud_id: str
    """The cloud's own, or as long as that is not known, ours."""


@dataclass(frozen=True, slots=True)
class Shown:
    row: Instance
    shape: Shape
    words: Words


_TRIES: Mapping[Verb, Callable[[Instance, datetime], object]] = {
    Verb.EXTEND: lambda row, now: intent.extend(row, now, _HOUR),
    Verb.START: lambda row, now: intent.start(row, now, _HOUR),
    Verb.STOP: lambda row, now: intent.stop(row, now),
    Verb.TERMINATE: lambda row, now: intent.terminate(row, now),
    Verb.PROTECT: lambda row, _: intent.protect(row, not row.protected),
    Verb.GIVE: lambda row, _: None,
}


def shown(rows: Iterable[Instance], now: datetime, costs: Costs, actor: Actor, zone: tzinfo) -> list[Shown]:
    """`zone`: the reader's."""
    allowed: dict[str, frozenset[Verb]] = {}
    """By owner: the rows of a page are a few people's."""
    found = []
    for row in rows:
        if row.owner not in allowed:
            allowed[row.owner] = frozenset(verb for verb in _TRIES if isinstance(may(actor, verb, row.owner), Allow))
        found.append(_shown(row, now, costs.get(row.id), allowed[row.owner], zone))
    return found


def _shown(row: Instance, now: datetime, cost: Cost | None, allowed: frozenset[Verb], zone: tzinfo) -> Shown:
    told, left = phase(row, now), time_left(row, now)
    began_at, ends_at = row.launched_at or row.created_at, row.expires_at
    whole, remains = ends_at - began_at, ends_at - now
    utc = ends_at.astimezone(UTC).isoformat(" ", "seconds")[:19]
    return Shown(
        row,
        Shape(
            told.tone,
            left != "-",
            ends_at <= now,
            row.protected,
            row.spec.spot is not None,
            frozenset(_possible(row, now, allowed)),
        ),
        Words(
            id=row.id,
            name=row.name,
            called=quote_plus(row.name),
            at=row.id if row.closed_at else row.name,
            status=told.word,
            left=left,
            remains=str(int(1000 * min(1.0, max(0.0, remains / whole)) if whole else 0)),
            since=_milliseconds(began_at),
            until=_milliseconds(ends_at),
            ends=row.on_expiry.does,
            ends_at=local(ends_at, now, zone),
            ends_iso=f"{utc[:10]}T{utc[11:]}Z",
            ends_utc=f"{utc} UTC",
            type=row.spec.instance_type,
            zone=row.zone or row.spec.zone,
            address=address_of(row) or "",
            ssh=ssh_line(row) or "",
            rate=rate_cell(cost),
            cost=cost_cell(cost),
            owner=row.owner,
            provider=row.scope.provider,
            cloud_id=row.provider_id or row.id,
        ),
    )


def _milliseconds(at: datetime) -> str:
    return str(int(at.timestamp() * 1000))


def _possible(row: Instance, now: datetime, allowed: frozenset[Verb]) -> Iterable[str]:
    if row.closed_at is not None:
        return
    asleep = row.desired is not Desired.RUNNING or row.failed
    for verb, attempt in _TRIES.items():
        if verb not in allowed or verb is (Verb.STOP if asleep else Verb.START):
            continue
        try:
            attempt(row, now)
        except Refused:
            continue
        yield verb.name.lower()
