"""The words a row is made of: what is desired, what is observed, by whose hand, and what the deadline does."""

from __future__ import annotations

from enum import StrEnum


class Desired(StrEnum):
    """What people and the deadline want. `terminated` absorbs: nothing leads out of it."""

    RUNNING = "running"
    STOPPED = "stopped"
    TERMINATED = "terminated"


class Observed(StrEnum):
    """What the cloud last said. `none`: no machine was ever seen; `missing`: one was, and is gone without a word."""

    NONE = "none"
    PENDING = "pending"
    RUNNING = "running"
    HALTED = "halted"
    """Off, and still charged for as if it ran: what a cloud makes of a machine that was only powered off."""
    STOPPING = "stopping"
    STOPPED = "stopped"
    TERMINATING = "terminating"
    TERMINATED = "terminated"
    MISSING = "missing"


class Why(StrEnum):
    """Whose hand set `desired`."""

    USER = "user"
    TTL = "ttl"
    OUTSIDE = "outside"
    SPOT = "spot"
    """The cloud has taken a spot machine back."""
    GUEST = "guest"
    """It was shut down from within."""
    RETIRED = "retired"
    """The cloud stopped or ended it as announced, to retire or maintain its hardware."""
    CLOUD = "cloud"
    """The cloud could not start it, or let it run on; the row's error has its words."""


class OnExpiry(StrEnum):
    """What the deadline does; fixed at create from what the provider can do."""

    STOP = "stop"
    TERMINATE = "terminate"
    SHELVE = "shelve"
    """It is stopped, a snapshot of it is made, and then the machine is deleted; see im.domain.shelf.table."""

    @property
    def desired(self) -> Desired:
        return Desired.TERMINATED if self is OnExpiry.TERMINATE else Desired.STOPPED

    @property
    def does(self) -> str:
        """`stops`, `terminates`, `shelves`."""
        return f"{self.value}s"

    @property
    def done(self) -> str:
        """`stopped`, `terminated`, `shelved`."""
        return {OnExpiry.STOP: "stopped", OnExpiry.TERMINATE: "terminated", OnExpiry.SHELVE: "shelved"}[self]


class Shelf(StrEnum):
    """How far a machine has been put away in favour of its snapshot."""

    NONE = ""
    LEAVING = "leaving"
    """Its snapshot was seen complete, and the machine may have been asked to go: nobody touches it but who shelves it."""
    SHELVED = "shelved"
    """Its snapshot is what there is, until a machine that was made of it is seen to run."""


AT_REST = frozenset({Observed.NONE, Observed.STOPPED, Observed.TERMINATED, Observed.MISSING})
"""What is past its deadline in one of these is as it should be."""
GONE = frozenset({Observed.TERMINATED, Observed.MISSING})


ALIVE = frozenset({Observed.PENDING, Observed.RUNNING, Observed.HALTED})
"""The states in which a machine bills for computing."""


def meets(desired: Desired, observed: Observed, *, launching: bool = False) -> bool:
    """Does what was just seen satisfy what is desired?

    No machine satisfies stopped and terminated, once no launch can bring one any more. A machine that is gone satisfies
    everything but running, and there is nothing left to do for running either: see `im.domain.lifecycle.absorbed`.
    """
    match observed:
        case Observed.RUNNING:
            return desired is Desired.RUNNING
        case Observed.NONE:
            return desired is not Desired.RUNNING and not launching
        case Observed.STOPPED:
            return desired is Desired.STOPPED
        case Observed.TERMINATED | Observed.MISSING:
            return desired is not Desired.RUNNING
        case Observed.PENDING | Observed.HALTED | Observed.STOPPING | Observed.TERMINATING:
            return False
