"""A machine that carries our deployment's tag and belongs to no row: seen, shown to people, never touched unasked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from im.domain.scope import Scope
    from im.domain.sighting import Sighting


@dataclass(frozen=True, slots=True)
class Orphan:
    """`seen` is the last sighting, in full. Datetimes are UTC, by the database's clock."""

    scope: Scope
    seen: Sighting
    first_seen_at: datetime
    last_seen_at: datetime
    because: str
    """Why no row has it."""

    @property
    def provider_id(self) -> str:
        return self.seen.provider_id
