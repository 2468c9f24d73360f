"""What guards an instance beside im."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from im.views.times import read_span, read_utc, seconds, utc

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


def read_guard(told: Mapping[str, Any] | None, instance_id: str) -> Guard | None:
    from im.domain.guard import Guard, GuardKind

    if told is None:
        return None
    kind, grace = GuardKind(told["kind"]), read_span(told["grace_seconds"])
    return Guard(instance_id, kind, grace, read_utc(told["at"]), None, told["error"])
