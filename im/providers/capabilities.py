"""What a cloud can do, and how often it may be asked: known without asking it, and without all else that its profile knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from im.domain.explain.if_gone import Means
from im.domain.money.rules import PER_SECOND, BillingRules

if TYPE_CHECKING:
    from im.domain.rate_limit import Rate
    from im.domain.spec.spec import Spec


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a cloud can do; shown to people at create."""

    can_stop: bool
    idempotent_launch: bool
    """A launch repeated with its token makes no second machine."""
    launch_visible_within: timedelta
    """After this long, a machine that no complete listing shows was never made."""
    launch_makes: int | None = None
    """So many machines a launch makes at most, all of them or none: its other slots join the next. None: one for each slot."""
    why_no_stop: str = ""
    """Of one that cannot stop: what a deadline does there, and what is lost by it, in words; said at every create."""
    nothing_kept: Callable[[Spec], str] = lambda spec: ""
    """Of a machine like that, at a cloud that stops others: why a stop would keep nothing of it, in words; empty where it does."""
    told_of_stop: str = ""
    """What a stop takes, or may not give back at the next start; said at every create whose deadline is a stop."""
    why_no_adoption: str = ""
    """Where a machine that we did not launch can never be marked as ours: why, in words."""
    market: bool = False
    """Each machine has its own price and a day on which its host takes it back: `Ask.max_price` and `lasts` mean something."""
    can_spot: bool = False
    """It lends spare room that it may take back: `Ask.spot` means something."""
    can_protect: bool = False
    """It can be told to refuse a termination, whoever asks for it."""
    native_deadline: bool = False
    why_no_guard: str = "has no deadline of its own to guard with"
    """Where there is none, what people are told after the cloud's name."""
    guard_ahead: timedelta | None = None
    """No guard is taken for a moment farther ahead; None: for any."""
    guard_terminates: bool = True
    """False: the cloud alone only stops, also what its deadline is to terminate."""
    gpus: Mapping[str, str] = field(default_factory=dict)
    """Type → the GPUs that it brings (`im.domain.spec.gpu`), in the order in which they are tried."""
    gpus_beside: frozenset[str] = frozenset()
    """Models that it puts beside a machine of another type: its profile reads what was asked for itself."""
    tells_room: bool = False
    """Its zones that offer a type have room for it now, and not only a price."""
    can_firewall: bool = False
    """It keeps others out: `Ask.ssh_from` and `open_ports` mean something."""
    can_hibernate: bool = False
    can_shelve: bool = False
    """A stopped machine can give way to a snapshot of itself, which costs less."""
    shelf_keeps_address: bool = False
    """And comes back with its public address, which costs meanwhile."""
    marks_fixed: bool = False
    """What a machine carries was said at its launch, and never changes: an orphan of ours belongs to whichever row has its id."""
    labels_late: bool = False
    """Part of what a machine is made of is tagged by `label` alone, once it is there: also where a launch makes but one."""
    billing: BillingRules = PER_SECOND
    """What is charged for when; also what a stop saves and keeps."""
    real: bool = True
    """False: its machines exist in this process's memory only."""
    rates: Mapping[str, Rate] = field(default_factory=dict)
    """Verb of the contract → how often the fleet may call it in one scope, below the cloud's own limit; no name, no limit."""
    machine_rates: Mapping[str, Rate] = field(default_factory=dict)
    """The same for the machines that those calls name, all together."""

    def no_stop(self, spec: Spec) -> str:
        """Why a machine like that is never stopped, in words; empty where it can be."""
        return self.why_no_stop or self.nothing_kept(spec)

    @property
    def guard_means(self) -> Means:
        return Means(self.native_deadline, self.why_no_guard, self.guard_ahead, self.guard_terminates)
