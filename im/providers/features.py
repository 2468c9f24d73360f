"""The abilities that not every cloud has: each an object of its own, which a provider has or has not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from im.domain.adoption import Controller
    from im.domain.money.bill import Item, Price
    from im.domain.scope import Scope
    from im.domain.shelf.address import Address, Fate
    from im.domain.shelf.snapshot import Saved
    from im.domain.sighting import Sighting
    from im.domain.spec.spec import Spec
    from im.domain.state import Observed, OnExpiry
    from im.providers.contract import Slot
    from im.providers.errors import ProviderError
    from im.providers.machine import Machine


@dataclass(frozen=True, slots=True)
class States:
    """One page of the cheapest look there is: the state of machines, ours and others', by id."""

    complete: bool
    """False: the page could not be had, and none follows. What it does not show may be there all the same."""
    seen: Mapping[str, Observed]
    date: datetime | None = None
    """The cloud's own clock, when it told."""
    unseen: frozenset[str] = frozenset()
    """Of an incomplete one, the zones that it could not show, where the cloud names them all."""


class StateListing(Protocol):
    """A look that is cheaper than a listing in full."""

    def list(self, scope: Scope, *, zone: str = "") -> Iterator[States]:
        """Every state, a page at a time, as `Provider.list` does. Others' machines may be among them, by their ids only."""
        ...


@dataclass(frozen=True, slots=True)
class Guarded:
    """When the cloud shall end a machine by itself (None: not at all), and how."""

    at: datetime | None
    what: OnExpiry


class DeadlineGuard(Protocol):
    """The cloud ends a machine by itself, whatever becomes of us."""

    def set(self, scope: Scope, guards: Mapping[Machine, Guarded]) -> Mapping[str, ProviderError]:
        """Set, move or take away the cloud's own deadline of each machine; idempotent. Returns what failed, by machine id."""
        ...


class TerminationLock(Protocol):
    """The cloud refuses to terminate a machine, whoever asks."""

    def set(self, scope: Scope, machines: Sequence[Machine], *, on: bool) -> Mapping[str, ProviderError]:
        """Lock these, or no longer; returns those for which it could not be done, by machine id."""
        ...


class SpotSupport(Protocol):
    """Machines from the cloud's spare room, with a request behind each that may outlive it."""

    def release(self, scope: Scope, machines: Sequence[Machine]) -> Mapping[str, ProviderError]:
        """See to it that no machine comes any more of what stands behind these.

        Cancelled already, over and forgotten are done. Returns, by machine id, those for which it could not be done.
        """
        ...

    def successors(self, scope: Scope, machines: Sequence[Machine]) -> Mapping[str, str]:
        """Machines (id → id) that have come in place of these. Raises ProviderError."""
        ...


class Adoption(Protocol):
    """Machines that we did not make can be marked as ours."""

    def controller(self, seen: Sighting) -> Controller | None:
        """Who else starts, stops or replaces this machine, as far as what was seen of it shows."""
        ...

    def take(self, scope: Scope, machine: Machine, slot: Slot, owner: str) -> None:
        """Mark it: deployment, our id, owner. Its own name and tags stay; idempotent.

        Whose it was is for the caller to look at before, and again after: clouds set tags without a condition.
        """
        ...


@dataclass(frozen=True, slots=True)
class Resource:
    """Something of ours at the cloud that is no machine: what machines are launched with, made by us when first needed."""

    kind: str
    """In the cloud's words: `key pair`, `firewall`."""
    id: str
    name: str
    detail: str
    used: bool
    """By a machine that is not gone, whoever's it is."""


class LeftoverCleanup(Protocol):
    """What was made for machines is found again, and taken away when nothing uses it."""

    def found(self, scope: Scope) -> Sequence[Resource]:
        """Everything of this deployment that is no machine. Raises ProviderError."""
        ...

    def needed_by(self, spec: Spec) -> frozenset[str]:
        """Names of the resources that a machine of that spec is launched with."""
        ...

    def discard(self, scope: Scope, things: Sequence[Resource]) -> Mapping[str, ProviderError]:
        """Take them away, but never what is in use or not ours; gone already is done. Returns what failed, by id."""
        ...


class Marks(Protocol):
    """A tag on a machine, which whoever acts in a scope moves; see `im.domain.mark`."""

    def put(self, scope: Scope, machine: Machine, value: str) -> None:
        """Tag this machine, which is ours. Raises ProviderError."""
        ...

    def read(self, scope: Scope) -> Mapping[str, str]:
        """Machine id → the tag, of each of this deployment's machines that has one. Raises ProviderError when not all were seen."""
        ...


class Shelving(Protocol):
    """A stopped machine can give way to a snapshot of itself, and be made again of that."""

    @property
    def addresses(self) -> Addresses | None:
        """None where the address goes with the machine."""
        ...

    def found(self, scope: Scope) -> Sequence[Saved]:
        """Every snapshot of this deployment that was made for that, and those that are being made, which may be called by
        another id until they are there. Raises ProviderError when not all could be seen."""
        ...

    def save(self, scope: Scope, machine: Machine, instance_id: str, generation: int) -> Saved:
        """Ask for a snapshot of a stopped machine, marked so that `found` tells whose it is; it is complete later.

        Asked twice it makes two: the caller looks before. Raises ProviderError.
        """
        ...

    def discard(self, scope: Scope, ids: Sequence[str]) -> Mapping[str, ProviderError]:
        """Delete these; gone already is done. Returns what failed, by id."""
        ...


class Addresses(Protocol):
    """The public address of a machine that gives way to its snapshot is kept, for the machine that comes back.

    A launch whose spec has `KEPT_ADDRESS` makes the machine with it, or with a new one where it is not to be had.
    """

    def of(self, scope: Scope, machine: Machine, ip: str) -> Address | None:
        """That of a machine that is there; None where it has none that can be kept. Raises ProviderError."""
        ...

    def keep(self, scope: Scope, address: Address, instance_id: str, generation: int) -> None:
        """Let it outlive its machine, marked as ours and for what; one that outlives it anyhow is somebody's, and left as it is.

        Repeated, it changes nothing. Raises ProviderError.
        """
        ...

    def release(self, scope: Scope, address: str, instance_id: str, generation: int, machine: str | None) -> Fate:
        """Nobody keeps it any more: it goes with `machine` from now on, if that has it, and is deleted if nothing has it.

        Raises ProviderError; WrongState while a machine that is going still has it.
        """
        ...


class PriceList(Protocol):
    def fetch(
        self, scope: Scope, items: Sequence[Item], since: datetime | None = None
    ) -> Mapping[Item, Sequence[Price]]:
        """The list prices of `items`, of whatever region, oldest first; absent where the cloud tells none. Raises ProviderError.

        A cloud that keeps a history of them tells every price that held from `since` on, the first with the date from which
        it holds; any other, and without `since`, the price of now. Where each zone has its own, the answer has an item for
        each zone beside the region's, which is what the dearest costs.
        """
        ...


class ZoneOffers(Protocol):
    def offering(self, scope: Scope, spec: Spec, types: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """Instance type → the zones of the region, in order, that have it and where `spec` may go. Raises ProviderError."""
        ...
