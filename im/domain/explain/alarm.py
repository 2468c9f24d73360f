"""When a deadline could not be kept, or nobody can tell: said loudly, with how many machines, how long and what it may cost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from im.domain.input.duration import format_duration
from im.domain.money.amount import show
from im.domain.state import ALIVE, AT_REST

if TYPE_CHECKING:
    from im.domain.instance import Instance
    from im.domain.scope import Scope

GRACE = timedelta(seconds=60)
"""A tick and a lease: within it a stop is simply on its way."""


@dataclass(frozen=True, slots=True)
class Blind:
    """A scope that cannot be listed: since when, and why."""

    since: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Alarm:
    """Machines of one scope past their deadline: still running, or, where `blind`, not known to have stopped."""

    scope: Scope
    count: int
    longest: timedelta
    """How long the first of them is past its deadline."""
    blind: Blind | None
    codes: tuple[str, ...] = ()
    """Why they could not be stopped, by the cloud's codes."""
    usd: Decimal | None = None
    """What the time past their deadlines costs if all of them run; None where no price is known."""
    machines: tuple[Instance, ...] = ()
    """Empty where nothing but the figures was told."""

    def sentence(self, now: datetime) -> str:
        count = self.count
        many = f"{count} machine{'' if count == 1 else 's'} past {'its' if count == 1 else 'their'} deadline"
        over = f"up to {format_duration(self.longest)} over" if count else ""
        money = f", {show(self.usd)} so far" if self.usd else ""
        if self.blind is not None:
            since = format_duration(now - self.blind.since)
            told = f"{self.scope} cannot be seen since {since} ({self.blind.reason})"
            return f"{told}: {many} cannot be verified, {over}{money}" if count else told
        reason = f" ({', '.join(self.codes)})" if self.codes else ""
        return f"{self.scope}: {many} still run{'s' if count == 1 else ''}{reason}, {over}{money}"


def alarms(rows: Iterable[Instance], blind: Mapping[Scope, Blind], now: datetime) -> list[Alarm]:
    """One alarm for each scope that has reason for one, worst first. `rows`: the living ones."""
    late: dict[Scope, list[Instance]] = {scope: [] for scope in blind}
    for row in rows:
        over = now - row.expires_at
        unseen = row.scope in blind and row.observed not in AT_REST and over > timedelta(0)
        if unseen or (row.observed in ALIVE and over > GRACE):
            late.setdefault(row.scope, []).append(row)
    found = [
        Alarm(
            scope,
            len(machines),
            max((now - m.expires_at for m in machines), default=timedelta(0)),
            blind.get(scope),
            tuple(sorted({row.error_code for row in machines if row.error_code})),
            machines=tuple(machines),
        )
        for scope, machines in late.items()
    ]
    return sorted(found, key=lambda a: (-a.count, a.scope))
