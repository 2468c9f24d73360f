"""EC2's words for the states of machines, and the date that it puts into a reason."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from im.domain.state import Observed

STATES = {
    "pending": Observed.PENDING,
    "running": Observed.RUNNING,
    "stopping": Observed.STOPPING,
    "stopped": Observed.STOPPED,
    "shutting-down": Observed.TERMINATING,
    "terminated": Observed.TERMINATED,
}
TAKEN_BACK = frozenset({"Server.SpotInstanceTermination", "Server.SpotInstanceShutdown"})
"""Codes of StateReason: the cloud took a spot machine back (EC2 API reference, StateReason)."""
_DATE = re.compile(r"\((\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (?:GMT|UTC)\)", re.ASCII)


def dated(reason: str) -> datetime | None:
    """`User initiated (2030-01-31 12:34:56 GMT)` → that moment; None where EC2 gives none (spot, and while it runs)."""
    found = _DATE.search(reason)
    return datetime.strptime(found[1], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC) if found else None
