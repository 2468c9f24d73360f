"""One machine of the cloud in memory, as the cloud keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from im.domain.cause import UNKNOWN_CAUSE, Cause, Hand
from im.domain.spec.disk import Disk
from im.domain.spec.firewall import Rule
from im.domain.state import Observed


@dataclass(slots=True)
class Machine:
    id: str
    number: int
    region: str
    zone: str
    born: datetime
    state: Observed
    since: datetime
    tags: dict[str, str]
    launch_index: int = 0
    kind: str = "small"
    image: str = "fake-image"
    protected: bool = False
    started: datetime | None = None
    """When it was last started; what a cloud shows moves with it."""
    ways_in: tuple[Rule, ...] | None = None
    """What its firewall lets in; None: nobody said."""
    disks: tuple[Disk, ...] = ()
    """The root disk first."""
    user_data: bytes | None = None
    needs: frozenset[str] = frozenset()
    """Names of the belongings it was launched with."""
    spot_request: str = ""
    cause: Cause = UNKNOWN_CAUSE
    """Of one that stopped or ended: whose hand it was."""

    @property
    def taken(self) -> bool:
        """The cloud itself stopped or ended it, to have its spare room back."""
        return self.cause.hand is Hand.SPOT
