"""What is going to be launched, before anything is written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from im.domain.errors import Refused
from im.domain.guard import GuardKind

if TYPE_CHECKING:
    from im.domain.scope import Scope
    from im.domain.spec.spec import Spec
    from im.domain.state import OnExpiry

MAX_COUNT = 1000


def check_count(count: int) -> int:
    """`count` itself. Raises Refused."""
    if not 1 <= count <= MAX_COUNT:
        raise Refused(f"{count} machines at once is not possible", f"ask for 1 to {MAX_COUNT}")
    return count


@dataclass(frozen=True, slots=True)
class Plan:
    """What a request for machines comes to; `names` is empty when they will be made up."""

    scope: Scope
    spec: Spec
    names: tuple[str, ...]
    count: int
    on_expiry: OnExpiry
    guard: GuardKind = GuardKind.NONE
    grace: timedelta = timedelta(0)
    """How long after the deadline the guard acts."""
    keep_stopped: timedelta | None = None
    """None: for good."""
    protect: bool = False
    if_gone: str = ""
    """What becomes of them should all of im be gone."""
