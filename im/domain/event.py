"""What happened to an instance: one line of its story, never changed afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Channel(StrEnum):
    """By which way a change came: people's, or a part of im's own, whose name then stands for the actor's."""

    CLI = "cli"
    API = "api"
    PAGE = "page"
    MCP = "mcp"
    CLOUD = "cloud"
    """What was seen there, whoever did it."""
    TTL = "ttl"
    """A deadline."""
    POLICY = "policy"
    """What the deployment's settings say is to be done unasked."""
    IM = "im"
    """A worker that carries out what is desired."""


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
