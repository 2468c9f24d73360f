"""One line of an instance's history."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from im.domain.event import Event
from im.views.times import read_moment, utc


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


def read_event(told: Mapping[str, Any], instance_id: str) -> Event:
    return Event(
        instance_id,
        read_moment(told["at"]),
        told["kind"],
        told["actor"],
        told["reason"],
        told["generation"],
        told["detail"],
        told["channel"],
        told["request_id"],
    )
