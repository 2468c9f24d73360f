"""What happened to an instance: one line of its story, never changed afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    """`kind` is the word for what happened, `actor` whose doing it was, `reason` the sentence a person reads."""

    instance_id: str
    at: datetime
    kind: str
    actor: str
    reason: str
    generation: int
    detail: Mapping[str, Any] = field(default_factory=dict)
