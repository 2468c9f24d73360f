"""One launch: a call to the cloud for several machines."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from im.domain.scope import Scope
    from im.domain.spec.spec import Spec


class LaunchState(StrEnum):
    """How far an attempt to launch has come. Only the cloud's own word leads to `done` or `refused`."""

    OPEN = "open"
    CALLED = "called"
    DONE = "done"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Launch:
    """One call to the cloud for `len(slots)` machines; immutable once called, so that it can be repeated to the letter."""

    token: str
    scope: Scope
    spec: Spec
    slots: tuple[str, ...]
    """Instance ids in order: the n-th machine of the answer fills the n-th slot."""
    names: tuple[str, ...]
    state: LaunchState
    attempts: int
    called_at: datetime | None
    """When the first call went out; an answer may be outstanding ever since."""
    candidate: int = 0
    round: int = 0
    """How often every place has refused before."""
