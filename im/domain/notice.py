"""Notice before the end: what is said, to whom, once for each deadline, stage and channel."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any

from im.domain.errors import Refused
from im.domain.input.duration import format_duration, parse_duration


class ChannelName(StrEnum):
    WEBHOOK = "webhook"
    SLACK = "slack"
    MAIL = "mail"


class NoticeState(StrEnum):
    PENDING = "pending"
    SENT = "sent"
    MOVED = "moved"
    """The deadline was moved, or the machine does not run any more: there is nothing to give notice of."""
    LATE = "late"
    """The deadline came before anybody took the notice."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One message to one channel about one deadline of one instance."""

    instance_id: str
    name: str
    owner: str
    place: str
    """Provider, zone and type, in words."""
    expires_at: datetime
    what: str
    """`stop`, `terminate` or `shelve`."""
    stage: timedelta
    channel: ChannelName
    goes_on: str = ""
    """What `a stopped machine` does, where its stop saves nothing and nothing else ends its cost; else empty."""
    keeps_address: bool = False
    """Shelved, it comes back with its address, if that can be had."""

    @property
    def key(self) -> str:
        """The same for every attempt: a receiver that gets it twice can tell."""
        told = f"{self.instance_id} {self.expires_at.isoformat()} {self.stage.total_seconds():.0f} {self.channel}"
        return sha256(told.encode()).hexdigest()[:32]

    @property
    def extend(self) -> str:
        """The line to type."""
        return f"im extend {self.name} -d 1h"

    @property
    def terminate(self) -> str:
        return f"im terminate {self.name}"

    def subject(self, now: datetime) -> str:
        verb = {"stop": "stops", "shelve": "is shelved"}.get(self.what, "is terminated")
        return f"{self.name} {verb} in {format_duration(self.expires_at - now)}"

    def text(self, now: datetime) -> str:
        kept = {
            "stop": "stopped; its disk stays",
            "shelve": "shelved; a snapshot of it stays, and brings it back with another address",
        }
        if self.keeps_address:
            kept["shelve"] = "shelved; a snapshot of it and its address stay, and bring it back"
        verb = kept.get(self.what, "terminated, disk and all")
        told = (
            f"{self.subject(now)}, at {self.expires_at:%Y-%m-%d %H:%M:%S} UTC ({self.place}, owner {self.owner}). "
            f"It will be {verb}. To keep it longer:\n\n    {self.extend}\n"
        )
        if self.goes_on:
            told += (
                f"\nThat saves nothing: a stopped machine {self.goes_on}. To end its cost:\n\n    {self.terminate}\n"
            )
        return told

    def payload(self, now: datetime) -> Mapping[str, Any]:
        """What a webhook gets; keys are added, never renamed."""
        return {
            "kind": "deadline",
            "key": self.key,
            "instance_id": self.instance_id,
            "name": self.name,
            "owner": self.owner,
            "what": self.what,
            "expires_at": self.expires_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "seconds_left": int((self.expires_at - now).total_seconds()),
            "stage_seconds": int(self.stage.total_seconds()),
            "extend": self.extend,
            "goes_on_costing": bool(self.goes_on),
            "terminate": self.terminate if self.goes_on else None,
            "text": self.text(now),
        }


def parse_stages(written: str) -> tuple[timedelta, ...]:
    """`60m,15m,5m` → longest first; an empty text is no stage at all. Raises Refused."""
    stages = {parse_duration(part) for part in re.split(r"[,\s]+", written.strip()) if part}
    if len(stages) > 10:
        raise Refused("more than ten notices before one deadline", "name at most ten stages, like 60m,15m,5m")
    return tuple(sorted(stages, reverse=True))
