"""A machine of ours that nobody keeps: seen, shown to people, never touched unasked.

It carries our deployment's tag and belongs to no row; or a row has it, and its name or label was changed at the cloud.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from im.domain.scope import Scope
    from im.domain.sighting import Sighting


LABEL_CHANGED = "label_changed"
"""The word for a machine whose name or label at the cloud no longer says that it is ours."""


CHANGED = "its label was changed at the cloud"


def left_alone(name: str) -> str:
    """Why a machine is an orphan although the row that is called so has it."""
    return f"{CHANGED}, and {name} leaves it alone until that is put back"


@dataclass(frozen=True, slots=True)
class Orphan:
    """`seen` is the last sighting, in full. Datetimes are UTC, by the database's clock."""

    scope: Scope
    seen: Sighting
    first_seen_at: datetime
    last_seen_at: datetime
    because: str
    """Why no row has it, or keeps it."""

    @property
    def provider_id(self) -> str:
        return self.seen.provider_id
