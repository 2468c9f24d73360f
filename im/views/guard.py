"""What guards an instance beside im."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from im.views.times import seconds, utc

if TYPE_CHECKING:
    from im.domain.guard import Guard


def guard_json(guard: Guard | None) -> dict[str, Any] | None:
    """What the cloud does by itself after the deadline; null where nobody asked for that."""
    if guard is None:
        return None
    return {
        "kind": guard.kind.value,
        "grace_seconds": seconds(guard.grace),
        "at": utc(guard.told_at),
        "error": guard.error,
    }
