"""The contract every cloud fulfils: plural, and nobody waits.

Methods return as soon as the cloud has answered. A goal that is already reached counts as done. One bad id never sinks a
batch. Errors are `im.providers.errors`, nothing else; a call that raises did nothing for any id unless it raises Ambiguous.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from im.domain.adoption import Controller
from im.domain.money.bill import Item, Price
from im.domain.money.forecast import Parts
from im.domain.rate_limit import Rate
from im.domain.scope import Scope
from im.domain.sighting import Sighting
from im.domain.spec.spec import Spec
from im.providers.errors import ProviderError
from im.providers.features import Belonging, Guarded, States
from im.providers.request import Ask


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a cloud can do; shown to people at create."""

    can_stop: bool
    idempotent_launch: bool
    """A launch repeated with its token makes no second machine."""
    launch_visible_within: timedelta
    """After this long, a machine that no complete listing shows was never made."""
    can_spot: bool = False
    """It lends spare room that it may take back: `Ask.spot` means something."""
    can_protect: bool = False
    """It can be told to refuse a termination, whoever asks for it."""
    native_deadline: bool = False
    can_firewall: bool = False
    """It keeps others out: `Ask.ssh_from` and `open_ports` mean something."""
    can_hibernate: bool = False
    real: bool = True
    """False: its machines exist in this process's memory only."""
    rates: Mapping[str, Rate] = field(default_factory=dict)
    """Verb of the contract → how often the fleet may call it in one scope, below the cloud's own limit; no name, no limit."""
    machine_rates: Mapping[str, Rate] = field(default_factory=dict)
    """The same for the machines that those calls name, all together."""


@dataclass(frozen=True, slots=True)
class Slot:
    """The instance a launched machine is meant for; both end up in its tags."""

    instance_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a listing showed, or one page of it. An incomplete one proves presence, never absence."""

    complete: bool
    sightings: tuple[Sighting, ...]
    date: datetime | None = None
    """The cloud's own clock, when it told."""


def whole(pages: Iterable[Snapshot]) -> Snapshot:
    """All pages as one; complete when every page was."""
    read = list(pages)
    seen = tuple(one for page in read for one in page.sightings)
    return Snapshot(all(page.complete for page in read), seen, next((page.date for page in read if page.date), None))


@dataclass(frozen=True, slots=True)
class BatchResult:
    """`done` maps an id to the state the cloud answered with; every id asked for is in exactly one of the two."""

    done: Mapping[str, Sighting] = field(default_factory=dict)
    failed: Mapping[str, ProviderError] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing `im doctor` asked of a cloud."""

    name: str
    ok: bool
    detail: str
    mend: str = ""


class Profile(Protocol):
    """What is known of a cloud without asking it: cheap to import, no client library, used before a row is written."""

    name: str
    capabilities: Capabilities

    def plan(self, ask: Ask, *, account: str, default_region: str | None) -> tuple[Scope, Spec]:
        """Fill in defaults and check what can be checked offline. Raises im.domain.errors.Refused."""
        ...

    def expects(self, spec: Spec) -> Parts:
        """What a machine of that spec is going to be charged for beside computing, as far as that is known without asking."""
        ...

    def check_together(self, specs: Sequence[Spec]) -> None:
        """May one launch go over from each of these to the next? Raises Refused, naming those that may."""
        ...

    def check_roles(self, scope: Scope, roles: Mapping[str, str]) -> None:
        """May these roles (what it is, in words → its name at the cloud) be used there? Raises Refused."""
        ...

    def locate(self, machine_ids: Sequence[str], *, account: str, region: str) -> Scope:
        """Where machines that we did not make are said to be. Raises Refused for an id or a region that cannot be."""
        ...


class Provider(Protocol):
    """One cloud as seen with one set of credentials (a `Scope.account`) on behalf of one deployment."""

    capabilities: Capabilities

    def identity(self, scope: Scope, *, afresh: bool = False) -> str:
        """The cloud's own id of the account that our credentials belong to. `afresh`: it is asked, whatever is known already."""
        ...

    def launch(self, scope: Scope, spec: Spec, *, token: str, slots: Sequence[Slot]) -> list[Sighting]:
        """Ask for `len(slots)` machines; idempotent by token where `capabilities.idempotent_launch`. May return fewer."""
        ...

    def offers(self, scope: Scope, spec: Spec, types: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """Instance type → the zones of the region, in order, that have it and where `spec` may go. Raises ProviderError."""
        ...

    def find(self, scope: Scope, token: str, spec: Spec | None = None) -> Snapshot:
        """The machines that the launch with this token made; with its `spec`, as much of them as its answer told."""
        ...

    def label(self, scope: Scope, slots: Mapping[str, Slot]) -> None:
        """Tag machines (by provider id) with the name and id they are known by; for launches of more than one."""
        ...

    def adopt(self, scope: Scope, machine_id: str, slot: Slot, owner: str, *, spot_request: str = "") -> None:
        """Tag a machine that we did not make as ours: deployment, our id, owner. Its own name and tags stay; idempotent.
        `spot_request`: what stands behind it, to be cancelled by us one day, and so tagged as well.

        Whose it was is for the caller to look at before, and again after: clouds set tags without a condition.
        """
        ...

    def controller(self, seen: Sighting) -> Controller | None:
        """Who else starts, stops or replaces this machine, as far as what was seen of it shows."""
        ...

    def describe(self, scope: Scope, ids: Sequence[str]) -> dict[str, Sighting]:
        """Full facts by id. An id the cloud does not know is absent from the mapping."""
        ...

    def listing(self, scope: Scope, *, zone: str = "") -> Iterator[Snapshot]:
        """Everything of this deployment in full, a page at a time; of one zone when it is named.

        Raises when the first page cannot be had. When a later one cannot, an empty incomplete page is the last.
        """
        ...

    def ours(self, scope: Scope) -> Iterator[Snapshot]:
        """The same, asked for to find machines that no row has."""
        ...

    def states(self, scope: Scope, *, zone: str = "") -> Iterator[States]:
        """Every state, a page at a time, as `listing` does. Others' machines may be among them, by no more than their ids."""
        ...

    def start(self, scope: Scope, ids: Sequence[str]) -> BatchResult: ...

    def stop(self, scope: Scope, ids: Sequence[str], *, hibernate: Collection[str] = ()) -> BatchResult:
        """`hibernate`: those of `ids` whose memory is to be kept. One that cannot now is stopped without: the deadline counts."""
        ...

    def terminate(self, scope: Scope, ids: Sequence[str]) -> BatchResult:
        """A spot machine only after `cancel_spot`, or the cloud may make another one in its place."""
        ...

    def cancel_spot(self, scope: Scope, requests: Mapping[str, str]) -> Mapping[str, ProviderError]:
        """See to it that no machine comes any more of the spot requests of these machines (id → request, empty if unknown).

        Cancelled already, over and forgotten are done. Returns, by machine, those for which it could not be done.
        """
        ...

    def spot_heirs(self, scope: Scope, requests: Mapping[str, str]) -> Mapping[str, str]:
        """Machines (id → id) that the requests of machines have brought in their place. Raises ProviderError."""
        ...

    def protect(self, scope: Scope, ids: Sequence[str], *, on: bool) -> Mapping[str, ProviderError]:
        """Have the cloud itself refuse to terminate these, or no longer; returns those for which it could not be done."""
        ...

    def prices(self, scope: Scope, items: Sequence[Item]) -> Mapping[Item, Price]:
        """The list prices of `items`, of whatever region; absent where the cloud tells none. Raises ProviderError."""
        ...

    def guard(self, scope: Scope, wishes: Mapping[str, Guarded]) -> Mapping[str, ProviderError]:
        """Set, move or take away the cloud's own deadline of each machine; idempotent. Returns what failed, by machine.

        Called only where `capabilities.native_deadline`.
        """
        ...

    def belongings(self, scope: Scope) -> list[Belonging]:
        """Everything of this deployment that is no machine. Raises ProviderError."""
        ...

    def needed_by(self, spec: Spec) -> frozenset[str]:
        """Names of the belongings that a machine of that spec is launched with."""
        ...

    def discard(self, scope: Scope, things: Sequence[Belonging]) -> Mapping[str, ProviderError]:
        """Take them away, but never what is in use or not ours; gone already is done. Returns what failed, by id."""
        ...

    def checks(self, scope: Scope) -> list[Check]:
        """Who are we, may we launch, is the endpoint there: for `im doctor`. Never raises."""
        ...
