"""What becomes of a machine should all of im be gone: who stops it then, and when, or that nobody does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from im.domain.guard import Guard, GuardKind, ends, wanted
from im.domain.input.duration import format_duration
from im.domain.state import OnExpiry

if TYPE_CHECKING:
    from im.domain.instance import Instance

_NOBODY = "nobody stops it, and it goes on costing"


@dataclass(frozen=True, slots=True)
class Means:
    """What a cloud has to stop a machine by itself."""

    any: bool
    why_none: str = ""
    """In words, after the cloud's name."""
    ahead: timedelta | None = None
    """So far ahead it takes a moment at most."""
    terminates: bool = True


def if_gone(row: Instance, guard: Guard | None, means: Means, now: datetime) -> str:
    """One sentence; empty where nothing runs that would have to be stopped."""
    if wanted(row, timedelta(0)) is None:
        return ""
    if not means.any:
        return f"{_NOBODY}: {row.scope.provider} {means.why_none}"
    if guard is None:
        return f"{_NOBODY}: it was made without a guard"
    trouble = f"; the cloud refused the last change: {guard.error}" if guard.error is not None else ""
    if guard.told_at is None or guard.told_at <= now:
        return f"{_NOBODY}: none set at the cloud{trouble}"
    told = f"the cloud itself {ends(row.on_expiry, terminates=means.terminates).does} it at {guard.told_at:%Y-%m-%d %H:%M:%S} UTC"
    if guard.told_at < row.expires_at and guard.ahead is not None:
        told += (
            f", which is before its deadline: it takes no moment more than {guard.ahead.days} days ahead, and im moves"
            " it on each day"
        )
    return f"{told}{_stays(row.on_expiry, means)}{trouble}"


def planned(provider: str, kind: GuardKind, grace: timedelta, on_expiry: OnExpiry, means: Means) -> str:
    """The same before there is a machine."""
    if kind is GuardKind.NONE:
        none = f" ({provider} {means.why_none})" if not means.any else ""
        return f"none: should all of im be gone, nobody stops it{none}"
    verb = "ends" if means.terminates else "stops"
    told = f"the cloud itself {verb} it {format_duration(grace)} after its deadline, should all of im be gone"
    if means.ahead is not None:
        told += (
            f", and at most {means.ahead.days} days from now: where the deadline is farther, im moves that on each day"
        )
    return f"{told}{_stays(on_expiry, means)}"


def _stays(on_expiry: OnExpiry, means: Means) -> str:
    if on_expiry is OnExpiry.TERMINATE and not means.terminates:
        return "; it is only stopped then, not deleted, and its disks go on costing"
    return ""
