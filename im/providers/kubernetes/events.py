"""What the cluster's parts say of one machine: its autoscaler, its attacher of disks, whoever took its node. Kept for an hour.

A pod's own status does not tell it, and once a pod is gone nothing else does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from im.providers.errors import Forbidden
from im.providers.kit.text import scrubbed
from im.providers.kubernetes.api import EVENTS, KubernetesApi

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Event:
    reason: str
    says: str
    at: datetime
    """When it was seen last."""


def events_of(api: KubernetesApi, namespace: str, name: str) -> tuple[Event, ...]:
    """Of the pod and the claim of that name, newest first; none where they may not be read."""
    try:
        found = api.all(namespace, EVENTS, fields=f"involvedObject.name={name}")
    except Forbidden:
        return ()
    return tuple(sorted(map(_read, found), key=lambda one: one.at, reverse=True))


def latest(events: Sequence[Event], *reasons: str) -> Event | None:
    return next((one for one in events if one.reason in reasons), None)


def _read(told: dict[str, Any]) -> Event:
    series = told.get("series") or {}
    at = series.get("lastObservedTime") or told.get("lastTimestamp") or told.get("eventTime")
    moment = datetime.fromisoformat(str(at)).astimezone(UTC) if at else _EPOCH
    return Event(str(told.get("reason") or ""), scrubbed(str(told.get("message") or "")), moment)
