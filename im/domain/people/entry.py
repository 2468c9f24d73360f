"""One line of the audit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """Who did what to whom or what, that concerns no instance; `token` names the token by which it was asked, or is empty."""

    at: datetime
    actor: str
    channel: str
    request_id: str
    token: str
    verb: str
    subject: str
    detail: str
