"""What was committed, and whether somebody was rung."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from im.domain.instance import Instance


@dataclass(frozen=True, slots=True)
class Change:
    """One instance before and after a request."""

    before: Instance | None
    after: Instance


@dataclass(frozen=True, slots=True)
class Answer:
    """What was committed. `rang` is False when the broker did not take the doorbell: the next tick does the work then."""

    changes: tuple[Change, ...]
    now: datetime
    rang: bool
