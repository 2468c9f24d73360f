"""What every channel is: it takes a notice, or says for certain that it did not."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from im.domain.notice import Notice


class NotSent(Exception):
    """It was not taken for certain. The message is safe to store: it names no secret."""


class Channel(Protocol):
    def send(self, notice: Notice, now: datetime) -> None:
        """Returns once the other side has taken it. Raises NotSent within seconds."""
        ...

    def probe(self) -> str:
        """Who would be asked to take it, once somebody answers there; nothing is sent. Raises NotSent within seconds."""
        ...
