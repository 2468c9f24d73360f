"""Reasons for which deadlines are not enforced for a while: always visible, and what a person set always ends by itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

MAX_PAUSE = timedelta(hours=24)
CLOCK_TOLERANCE = timedelta(minutes=1)
"""Beyond this difference between the database's clock and the cloud's, nobody knows whether a deadline has passed."""


class HoldKind(StrEnum):
    PAUSE = "pause"
    """A person paused enforcement for an incident."""
    CLONE = "clone"
    """This database runs in another server than the one its deployment was made in."""
    RESTORED = "restored"
    """This database was restored from a backup: what was changed since is not in it, extended deadlines among it."""
    COPY = "copy"
    """Another server that holds the same data, the same system identifier among it, acts at the cloud."""
    WATCH = "watch"
    """In some scope it is not known yet whether another server acts there."""
    CLOCK = "clock"
    """The database's clock and the cloud's differ too much, in some scope."""


OF_A_SCOPE = (HoldKind.WATCH, HoldKind.CLOCK)
"""The others hold every deadline there is."""


def _im() -> str:
    from im.domain.event import Channel  # every look asks for holds, and there is hardly ever one

    return Channel.IM.value


@dataclass(frozen=True, slots=True)
class Hold:
    """One reason, since when, until when (None: until it is mended), and what to type to end it."""

    kind: HoldKind
    reason: str
    fix: str
    by: str = field(default_factory=_im)
    since: datetime | None = None
    until: datetime | None = None
