"""Who is rung for, when: one doorbell for each scope and verb."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from im.domain.input.listed import listed
from im.domain.instance import Instance
from im.domain.state import Desired
from im.queue.periods import ENFORCE_EVERY
from im.queue.tasks import Task, doorbell_for

if TYPE_CHECKING:
    from im.context import Context


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
