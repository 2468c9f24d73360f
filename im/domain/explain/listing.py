"""What a look answers: rows, the moment at which they were so, and how well they can be seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from im.domain.input.duration import format_duration

if TYPE_CHECKING:
    from im.domain.explain.alarm import Alarm
    from im.domain.hold import Hold
    from im.domain.instance import Instance
    from im.domain.orphan import Orphan
    from im.domain.scope import Scope


@dataclass(frozen=True, slots=True)
class ScopeHealth:
    """When the last complete listing began, and since when (and why) none has succeeded."""

    scope: Scope
    refreshed_at: datetime | None
    failing_since: datetime | None
    error_code: str | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Summary:
    """How many are open, and since when the oldest of them."""

    count: int = 0
    since: datetime | None = None

    def sentence(self, now: datetime) -> str:
        machines = "machines of ours have" if self.count > 1 else "machine of ours has"
        known = f", known for {format_duration(now - self.since)}" if self.since else ""
        return f"{self.count} {machines} no row, or no label any more{known}"


@dataclass(frozen=True, slots=True)
class Listing:
    """Rows, the database's now, and the health of each scope."""

    rows: tuple[Instance, ...]
    now: datetime
    health: Mapping[Scope, ScopeHealth]
    holds: tuple[Hold, ...] = ()
    """Why deadlines are not enforced just now."""
    alarms: tuple[Alarm, ...] = ()
    """Deadlines that were not kept, or of which nobody can tell; told with the list of everything."""
    orphans: Summary = Summary()
    """Machines of ours without a row; told with the list of everything."""


@dataclass(frozen=True, slots=True)
class Orphans:
    found: tuple[Orphan, ...]
    now: datetime
