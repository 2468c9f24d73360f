"""Nebius behind the contract: which calls each verb makes.

A launch is a call for each machine, with a key by which Nebius carries it out once, and a name that holds the instance's id: one
that is repeated is answered with the machine that it made. Changes are operations; a machine takes one at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from im.domain import tags
from im.domain.config.sandbox import sandbox_at
from im.domain.scope import Scope
from im.domain.sighting import Sighting
from im.domain.spec.spec import Spec
from im.domain.state import Observed
from im.providers import errors
from im.providers.contract import EVERYTHING, BatchResult, Check, Filter, Slot, Snapshot
from im.providers.errors import NotFound, ProviderError, WrongState
from im.providers.kit.each import each
from im.providers.machine import Machine
from im.providers.nebius.account import PRETENDED_PROJECTS, projects_of
from im.providers.nebius.api import NebiusApi
from im.providers.nebius.billing import expects
from im.providers.nebius.checks import checks
from im.providers.nebius.credentials import Own, Sandbox
from im.providers.nebius.disks import DEFAULT_KIND
from im.providers.nebius.errors import CLOUD, NameTaken, meaning
from im.providers.nebius.features import Adoption, Marks, Regions, get, listed
from im.providers.nebius.instances import is_odd, refusals, sighting
from im.providers.nebius.leftovers import Leftovers
from im.providers.nebius.prices import Prices
from im.providers.nebius.profile import PROFILE, is_machine
from im.providers.nebius.projects import Projects
from im.providers.nebius.request import Place, key_of, launch_request
from im.providers.nebius.sdk import part
from im.providers.nebius.security_groups import ensure_group
from im.providers.nebius.settings import NebiusSettings
from im.providers.nebius.tags import CODEC

if TYPE_CHECKING:
    from im.settings import Settings

NAME = PROFILE.name
_SERVICE = "compute.v1.InstanceService"
_MOST = 500
"""Machines that are asked for in one call; 1,000 are allowed."""


class NebiusProvider:
    """One account's projects, for one deployment."""

    deadline_guard = None
    protection = None
    shelving = None  # a stopped machine costs its disks alone
    spot = None
    states = None

    def __init__(
        self,
        api: NebiusApi,
        projects: Projects,
        deployment: str,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.capabilities = PROFILE.capabilities
        self._api, self._projects, self._deployment = api, projects, deployment
        self.adoption = Adoption(api, deployment)
        self.leftovers = Leftovers(api, projects, deployment, clock)
        self.marks = Marks(api, projects, deployment)
        self.prices = Prices(api, projects)
        self.zones = Regions(api, projects)

    def identity(self, scope: Scope, *, afresh: bool = False) -> str:
        """The tenant that the first project belongs to."""
        return self._projects.tenant(afresh=afresh)

    # ---- launching ---------------------------------------------------------------------------------------------------

    def launch(self, scope: Scope, spec: Spec, *, token: str, slots: Sequence[Slot]) -> list[Sighting]:
        """A machine for each slot, in order. After the first one a refusal ends it: what was made is what there is."""
        where = self._place(spec)
        made: list[Sighting] = []
        for place, slot in enumerate(slots):
            asked = launch_request(spec, where, self._deployment, token, slot, place)
            try:
                made.append(self._create(asked, spec, token, key_of(token, slot, place)))
            except errors.Ambiguous:
                raise
            except ProviderError:
                if not made:
                    raise
                break
        return made

    def _place(self, spec: Spec) -> Place:
        project = self._projects.in_region(spec.zone)
        group = ""
        if spec.firewall is not None:
            network = self._projects.network(project)
            try:
                group = ensure_group(self._api, project, network, self._deployment, spec.firewall)
            except WrongState as exc:
                raise errors.NotThereYet(exc.message) from exc
        return Place(project, self._projects.subnet(project), group)

    def _create(self, asked: Any, spec: Spec, token: str, key: str) -> Sighting:
        try:
            operation = self._api.change(f"{_SERVICE}/Create", asked, key)
        except NameTaken as exc:
            return self._namesake(asked, spec, token, exc)
        except NotFound as exc:
            raise errors.InvalidSpec(exc.message) from exc  # the project, the subnet or the image
        except WrongState as exc:
            raise errors.NotThereYet(exc.message) from exc  # a security group that is still being made
        if not operation.resource_id:
            raise errors.Ambiguous(f"{CLOUD} answered a launch without saying what it has made")
        status = part("compute.v1").InstanceStatus(state=part("compute.v1").InstanceStatus__InstanceState.CREATING)
        about = part("common.v1").ResourceMetadata(
            id=operation.resource_id,
            name=asked.metadata.name,
            labels=asked.metadata.labels,
            created_at=operation.created_at,
        )
        return self._launched(part("compute.v1").Instance(metadata=about, spec=asked.spec, status=status), spec)

    def _launched(self, instance: Any, spec: Spec) -> Sighting:
        parts = expects(spec)
        return replace(sighting(instance, spec.zone), disk_gb=parts.disk_gb, disk_type=parts.disk_type or DEFAULT_KIND)

    def _namesake(self, asked: Any, spec: Spec, token: str, exc: ProviderError) -> Sighting:
        """The machine that has the name: ours of this very launch, or somebody else's."""
        about = asked.metadata
        rpc, named = f"{_SERVICE}/GetByName", {"parent_id": about.parent_id, "name": about.name}
        try:
            found = self._api.get(rpc, "GetByNameRequest", "Instance", **named)
        except NotFound:
            raise errors.InvalidSpec(exc.message) from exc  # a disk's name, or it is gone this very moment
        seen = self._launched(found, spec)
        if (seen.tags.get(tags.DEPLOYMENT), seen.tags.get(tags.LAUNCH)) == (self._deployment, token):
            return seen
        if seen.tags.get(tags.DEPLOYMENT) == self._deployment and seen.state is Observed.TERMINATING:
            raise WrongState(f"{CLOUD}: the name {about.name} is not free yet") from exc
        raise errors.InvalidSpec(f"{CLOUD}: somebody else's machine is called {about.name}") from exc

    def label(self, scope: Scope, slots: Mapping[Machine, Slot]) -> None:
        """Nothing to do: a machine carries its name and its id from the first."""

    # ---- looking -----------------------------------------------------------------------------------------------------

    def describe(self, scope: Scope, machines: Sequence[Machine]) -> dict[str, Sighting]:
        wanted = sorted({one.id for one in machines if is_machine(one.id)})
        found: list[Any] = []
        for at in range(0, len(wanted), _MOST):
            rpc, ids = f"{_SERVICE}/BatchGet", wanted[at : at + _MOST]
            told = self._api.get(rpc, "BatchGetRequest", "BatchGetResponse", instance_ids=ids)
            found += [one.instance for one in told.items.values() if one.instance is not None]
            _refuse_the_unseen(told)
        regions = {project: region for region, project in self._projects.by_region().items()} if found else {}
        shown: dict[str, Sighting] = {}
        for project in {one.metadata.parent_id for one in found}:
            some = [one for one in found if one.metadata.parent_id == project]
            shown |= {one.provider_id: one for one in self._seen(project, regions.get(project, ""), some)}
        return shown

    def _seen(self, project: str, region: str, instances: Sequence[Any]) -> Iterator[Sighting]:
        """Why one stands still that nobody stopped, only the project's operations know."""
        told = refusals(self._operations(project)) if any(map(is_odd, instances)) else {}
        for one in instances:
            yield sighting(one, region, told)

    def _operations(self, project: str) -> Sequence[Any]:
        rpc = f"{_SERVICE}/ListOperationsByParent"
        words = (rpc, "ListOperationsByParentRequest", "ListOperationsResponse")
        told = self._api.items(*words, under="operations", parent_id=project)
        return sorted(told, key=lambda one: one.created_at, reverse=True)

    def list(self, scope: Scope, which: Filter = EVERYTHING) -> Iterator[Snapshot]:
        """A page for each project: Nebius shows all of its machines, and strangers' are left out here."""
        unseen, shown, failed = set[str](), False, ProviderError(f"{CLOUD} shows nothing")
        for region, project in self._projects.by_region().items():
            if which.zone not in ("", region):
                continue
            try:
                ours = [one for one in listed(self._api, project) if self._is_wanted(one, which)]
                seen = tuple(self._seen(project, region, ours))
            except ProviderError as exc:
                failed, unseen = exc, unseen | {region}
                continue
            yield Snapshot(True, seen)
            shown = True
        if unseen and not shown:
            raise failed
        if unseen:
            yield Snapshot(False, (), unseen=frozenset(unseen))

    def _is_wanted(self, instance: Any, which: Filter) -> bool:
        facts = {tags.DEPLOYMENT: self._deployment, **({tags.LAUNCH: which.token} if which.token else {})}
        return bool(CODEC.labels(facts).items() <= instance.metadata.labels.items())

    # ---- changing ----------------------------------------------------------------------------------------------------

    def start(self, scope: Scope, machines: Sequence[Machine]) -> BatchResult:
        return each(
            machines, lambda one: self._act(one, "Start", Observed.PENDING, (Observed.RUNNING, Observed.PENDING))
        )

    def stop(self, scope: Scope, machines: Sequence[Machine], *, hibernate: Collection[str] = ()) -> BatchResult:
        return each(
            machines, lambda one: self._act(one, "Stop", Observed.STOPPING, (Observed.STOPPED, Observed.STOPPING))
        )

    def terminate(self, scope: Scope, machines: Sequence[Machine]) -> BatchResult:
        return each(machines, lambda one: self._act(one, "Delete", Observed.TERMINATING, (Observed.TERMINATING,)))

    def _act(self, machine: Machine, verb: str, becomes: Observed, goals: Collection[Observed]) -> Sighting:
        """One that is refused for its state may be where it is to go: so it is looked at."""
        if not is_machine(machine.id):
            raise NotFound(f"{CLOUD} has no machine {machine.id[:40]}")
        asked = getattr(part("compute.v1"), f"{verb}InstanceRequest")(id=machine.id)
        try:
            self._api.change(f"{_SERVICE}/{verb}", asked)
        except WrongState:
            seen = sighting(get(self._api, machine), "")
            if seen.state in goals:
                return Sighting(machine.id, seen.state)
            raise
        return Sighting(machine.id, becomes)

    def checks(self, scope: Scope) -> Sequence[Check]:
        return checks(self._api, self._projects, scope)


def _refuse_the_unseen(told: Any) -> None:
    """One that is not there is told as an error in its place, and so is one that could not be shown."""
    for one in told.items.values():
        if one.error is not None and one.error.code.name != "NOT_FOUND":
            raise meaning(one.error.code.name, one.error.message or "")


def from_settings(settings: Settings, deployment: str, account: str) -> NebiusProvider:
    """The provider for this process and one of our accounts; no call is made yet."""
    if url := settings.sandbox_of(NAME):
        sandbox = sandbox_at(url)
        api = NebiusApi(Sandbox(f"{account}.{sandbox.secret}"), sandbox.endpoint.partition("://")[2])
        return NebiusProvider(api, Projects(api, lambda: [f"{one}{account}" for one in PRETENDED_PROJECTS]), deployment)

    api = NebiusApi(Own(lambda: settings.account_called(account, NAME)))
    usual = settings.own(NebiusSettings).nebius_projects
    return NebiusProvider(
        api, Projects(api, lambda: projects_of(settings.account_called(account, NAME), usual)), deployment
    )
