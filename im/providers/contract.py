"""The contract every cloud fulfils: plural, and nobody waits.

Methods return as soon as the cloud has answered. A goal that is already reached counts as done. One bad id never sinks a
batch. Errors are `im.providers.errors`, nothing else; a call that raises did nothing for any id unless it raises Ambiguous.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from im.domain.config.account import Account
    from im.domain.scope import Scope
    from im.domain.sighting import Sighting
    from im.domain.spec.spec import Spec
    from im.providers.capabilities import Capabilities
    from im.providers.errors import ProviderError
    from im.providers.features import (
        Adoption,
        DeadlineGuard,
        LeftoverCleanup,
        Marks,
        PriceList,
        Shelving,
        SpotSupport,
        StateListing,
        TerminationLock,
        ZoneOffers,
    )
    from im.providers.machine import Machine
    from im.providers.request import Ask
    from im.settings import Settings


@dataclass(frozen=True, slots=True)
class Slot:
    """The instance a launched machine is meant for; both end up in its tags."""

    instance_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Filter:
    """Which of this deployment's machines a listing is to show; all of them when nothing is said."""

    zone: str = ""
    token: str = ""
    """The launch that made them."""
    spec: Spec | None = None
    """That launch's; with it, as much of the machines is told as its answer told."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a listing showed, or one page of it. An incomplete one proves presence, never absence."""

    complete: bool
    sightings: tuple[Sighting, ...]
    date: datetime | None = None
    """The cloud's own clock, when it told."""
    unseen: frozenset[str] = frozenset()
    """Of an incomplete one, the zones that it could not show, where the cloud names them all: of the others it is complete."""


EVERYTHING = Filter()


def merge_pages(pages: Iterable[Snapshot]) -> Snapshot:
    """All pages as one; complete when every page was."""
    read = list(pages)
    seen = tuple(one for page in read for one in page.sightings)
    date = next((page.date for page in read if page.date), None)
    named = all(page.complete or page.unseen for page in read)
    unseen = frozenset(zone for page in read for zone in page.unseen) if named else frozenset()
    return Snapshot(all(page.complete for page in read), seen, date, unseen)


@dataclass(frozen=True, slots=True)
class BatchResult:
    """`done` maps an id to the state the cloud answered with; every id asked for is in exactly one of the two."""

    done: Mapping[str, Sighting] = field(default_factory=dict)
    failed: Mapping[str, ProviderError] = field(default_factory=dict)


GUARD_TERMINATES = "guard, terminate"
"""The check of a right that is needed only where a guard terminates what it guards."""
GUARD = "guard"
"""The check of what is needed only where anything has a guard."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing `im doctor` asked of a cloud."""

    name: str
    ok: bool
    detail: str
    fix: str = ""


class Profile(Protocol):
    """What is known of a cloud without asking it: cheap to import, no client library, used before a row is written."""

    name: str
    capabilities: Capabilities

    def plan(self, ask: Ask, *, account: str, default_region: str | None) -> tuple[Scope, Spec]:
        """Fill in defaults and check what can be checked offline. Raises im.domain.errors.Refused."""
        ...

    def check_together(self, specs: Sequence[Spec]) -> None:
        """May one launch go over from each of these to the next? Raises Refused, naming those that may."""
        ...

    def check_access(self, scope: Scope, account: Account, settings: Settings, *, guarded: bool) -> None:
        """May this account be used there, and when it is `guarded`, whatever its guard acts as? Raises Refused."""
        ...

    def locate(self, machine_ids: Sequence[str], *, account: str, region: str) -> Scope:
        """Where machines that we did not make are said to be. Raises Refused for an id or a region that cannot be."""
        ...


class Provider(Protocol):
    """One cloud as seen with one set of credentials (a `Scope.account`) on behalf of one deployment.

    Nine verbs that every cloud has; each further ability is an object, or None where the cloud does not have it.
    """

    capabilities: Capabilities

    @property
    def adoption(self) -> Adoption | None: ...

    @property
    def deadline_guard(self) -> DeadlineGuard | None: ...

    @property
    def leftovers(self) -> LeftoverCleanup | None: ...

    @property
    def marks(self) -> Marks | None: ...

    @property
    def prices(self) -> PriceList | None: ...

    @property
    def protection(self) -> TerminationLock | None: ...

    @property
    def shelving(self) -> Shelving | None: ...

    @property
    def spot(self) -> SpotSupport | None: ...

    @property
    def states(self) -> StateListing | None: ...

    @property
    def zones(self) -> ZoneOffers | None: ...

    def identity(self, scope: Scope, *, afresh: bool = False) -> str:
        """The cloud's own id of the account that our credentials belong to, or what stands for it. `afresh`: it is asked,
        whatever is known already."""
        ...

    def launch(self, scope: Scope, spec: Spec, *, token: str, slots: Sequence[Slot]) -> list[Sighting]:
        """Ask for `len(slots)` machines; idempotent by token where `capabilities.idempotent_launch`. May return fewer."""
        ...

    def describe(self, scope: Scope, machines: Sequence[Machine]) -> dict[str, Sighting]:
        """Full facts by id. A machine the cloud does not know is absent from the mapping."""
        ...

    def list(self, scope: Scope, which: Filter = EVERYTHING) -> Iterator[Snapshot]:
        """The machines of this deployment in full, a page at a time.

        Raises when the first page cannot be had. When a later one cannot, an empty incomplete page is the last.
        """
        ...

    def start(self, scope: Scope, machines: Sequence[Machine]) -> BatchResult: ...

    def stop(self, scope: Scope, machines: Sequence[Machine], *, hibernate: Collection[str] = ()) -> BatchResult:
        """`hibernate`: the ids whose memory is to be kept. One that cannot now is stopped without: the deadline counts."""
        ...

    def terminate(self, scope: Scope, machines: Sequence[Machine]) -> BatchResult:
        """A spot machine only after `spot.release`, or the cloud may make another one in its place."""
        ...

    def label(self, scope: Scope, slots: Mapping[Machine, Slot]) -> None:
        """Tag machines with the name and id they are known by; for launches of more than one."""
        ...

    def checks(self, scope: Scope) -> Sequence[Check]:
        """Who are we, may we launch, is the endpoint there: for `im doctor`. Never raises."""
        ...
