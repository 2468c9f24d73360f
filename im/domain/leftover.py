"""What of ours lies at a cloud and nothing uses: found by a worker, ended only after a person has said so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from im.domain.scope import Scope


@dataclass(frozen=True, slots=True)
class Leftover:
    scope: Scope
    number: int
    """The scope's."""
    id: str
    kind: str
    name: str
    detail: str
    condemned_at: datetime | None
    gone_at: datetime | None
    error: str | None
    """Why it could not be taken away."""

    @property
    def waiting(self) -> bool:
        """Somebody said that it may go, and it is not known to be gone."""
        return self.condemned_at is not None and self.gone_at is None


@dataclass(frozen=True, slots=True)
class Survey:
    """What is known now; `open` scopes still have to be looked at or swept."""

    found: tuple[Leftover, ...]
    troubles: dict[Scope, str]
    open: int
