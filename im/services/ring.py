"""Who is rung for, when: one doorbell for each scope and verb."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from im.domain.input.listed import listed
from im.domain.state import Desired
from im.queue.periods import ENFORCE_EVERY, REFRESH_EVERY
from im.queue.tasks import Task, doorbell_for

if TYPE_CHECKING:
    from im.context import Context
    from im.domain.instance import Instance


RUSH = 0.1
"""Seconds after the moment at which something is due, so that its doorbell does not come too early."""
_LATE = 0.05  # a hint that came a moment early would find nothing due


_HINTS = 4
"""Exact hints in a second, at most: a deadline waits for the last one of its quarter."""


def ring_by_verb(ctx: Context, rows: Iterable[Instance], *, after: float = 0, to: str | None = None) -> None:
    """One doorbell for each scope and verb among `rows`, `after` seconds from now."""
    groups: dict[tuple[object, Task], list[Instance]] = {}
    for row in rows:
        groups.setdefault((row.scope, doorbell_for(row)), []).append(row)
    for (_, task), members in groups.items():
        ctx.queue.ring(
            task, [r.id for r in members], label=listed([row.name for row in members], 3), after=after, to=to
        )


def ring_when_due(ctx: Context, rows: Iterable[Instance], now: datetime) -> None:
    """For rows still on their way, when they are due; those further off than a tick are left to the tick."""
    waits: dict[int, list[Instance]] = {}
    for row in rows:
        if row.settled or row.failed or row.closed_at or row.next_attempt_at is None:
            continue
        wait = (row.next_attempt_at - now).total_seconds()
        if wait < REFRESH_EVERY:
            waits.setdefault(max(0, round(wait)), []).append(row)
    for members in waits.values():
        latest = max(m.next_attempt_at for m in members if m.next_attempt_at)
        ring_by_verb(ctx, members, after=max(0.0, (latest - now).total_seconds()) + RUSH)


def ring_hints(ctx: Context, rows: Iterable[Instance], now: datetime) -> None:
    """For deadlines just written that fall before the next tick has looked ahead: hints of their own."""
    soon = now + timedelta(seconds=ENFORCE_EVERY)
    parts: dict[int, Instance] = {}
    for row in rows:
        if row.desired is Desired.RUNNING and row.expires_at <= soon:
            part = int(row.expires_at.timestamp() * _HINTS)
            parts[part] = max(row, parts.get(part, row), key=lambda r: r.expires_at)
    for row in parts.values():
        after = max(0.0, (row.expires_at - now).total_seconds()) + _LATE
        ctx.queue.ring(Task.ENFORCE_TTL, [row.id], label=row.name, after=after)
