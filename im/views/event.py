"""One line of an instance's history."""

from __future__ import annotations

from typing import Any

from im.domain.event import Event
from im.views.times import utc


def event_json(event: Event) -> dict[str, Any]:
    return {
        "at": utc(event.at),
        "kind": event.kind,
        "actor": event.actor,
        "reason": event.reason,
        "generation": event.generation,
        "detail": dict(event.detail),
        "channel": event.channel,
        "request_id": event.request_id,
    }
