"""Compute Engine behind the contract: which calls each verb makes.

An insert is accepted, names the machine, and may come to nothing a minute later, with its reason in the insert's operation: the
machine's notes name that operation, and whoever looks for a machine that is not there is told what became of it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from im.domain import tags
from im.domain.config.sandbox import sandbox_at
from im.domain.errors import Refused
from im.domain.scope import Scope
from im.domain.sighting import Sighting
from im.domain.spec.spec import Spec
from im.domain.state import Observed
from im.providers import errors
from im.providers.contract import EVERYTHING, BatchResult, Check, Filter, Slot, Snapshot
from im.providers.errors import InvalidSpec, NotFound, ProviderError, Unauthenticated, WrongState
from im.providers.gcp import checks, operations
from im.providers.gcp.api import URL, GcpApi, last
from im.providers.gcp.cloud_tasks import URL as TASKS
from im.providers.gcp.cloud_tasks import CloudTasks, translate_task
from im.providers.gcp.credentials import Credentials
from im.providers.gcp.deadline_guard import TasksGuard
from im.providers.gcp.errors import CLOUD, operation_error, refused_at_launch, translate
from im.providers.gcp.features import Adoption, Marks, Protection, Spot, StateLooks, Zones, set_labels
from im.providers.gcp.instances import sighting
from im.providers.gcp.labels import CODEC
from im.providers.gcp.launch import firewalls
from im.providers.gcp.launch.request import body, launched, machine_name, request_id
from im.providers.gcp.leftovers import Leftovers
from im.providers.gcp.machines import Machines
from im.providers.gcp.places import region_of
from im.providers.gcp.prices import PriceCatalog
from im.providers.gcp.profile import PROFILE
from im.providers.kit.each import HANDS, each
from im.providers.kit.http import JsonApi
from im.providers.machine import Machine

if TYPE_CHECKING:
    from im.settings import Settings

NAME = PROFILE.name
IAM = "https://iam.googleapis.com"


@dataclass(frozen=True, slots=True)
class Beside:
    """Google's other APIs: who has which rights in the project and on a service account, and tasks."""

    manager: JsonApi
    iam: JsonApi
    tasks: GcpApi


class GcpProvider:
    """One project, for one deployment."""

    shelving = None  # a stopped machine costs its disk and its address alone

    def __init__(self, api: GcpApi, deployment: str, prices: PriceCatalog, beside: Beside) -> None:
        self.capabilities = PROFILE.capabilities
        self._api, self._deployment, self._beside = api, deployment, beside
        self._machines = Machines(api, deployment)
        self._name = ""
        self.adoption = Adoption(api, self._machines, deployment)
        self.deadline_guard = TasksGuard(CloudTasks(beside.tasks, api, deployment), self._machines, api)
        self.leftovers = Leftovers(api, deployment, self.deadline_guard)
        self.marks = Marks(api, self._machines, deployment)
        self.prices = prices
        self.protection = Protection(api, self._machines)
        self.spot = Spot()
        self.states = StateLooks(self._machines)
        self.zones = Zones(api)

    def identity(self, scope: Scope, *, afresh: bool = False) -> str:
        """The project's id, which is never given to another project."""
        if afresh or not self._name:
            self._name = str(self._api.get("", fields="name").body["name"])
        return self._name

    # ---- launching ---------------------------------------------------------------------------------------------------

    def launch(self, scope: Scope, spec: Spec, *, token: str, slots: Sequence[Slot]) -> list[Sighting]:
        """An insert for each slot, some at the same time. What was refused is left out, unless all were."""
        wall = self._wall(spec)
        tags_of_wall = wall.tags if wall is not None else ()
        if wall is not None:
            firewalls.ensure(self._api, self._deployment, wall)

        def one(at: int) -> Sighting | ProviderError:
            try:
                return self._insert(spec, token, slots[at], at, tags_of_wall)
            except ProviderError as exc:
                return exc

        with ThreadPoolExecutor(min(HANDS, len(slots))) as hands:
            came = list(hands.map(one, range(len(slots))))
        made = [seen for seen in came if isinstance(seen, Sighting)]
        refused = [exc for exc in came if isinstance(exc, ProviderError)]
        unclear = next((exc for exc in refused if isinstance(exc, errors.Ambiguous)), None)
        if refused and (unclear is not None or not made):
            raise unclear or refused[0]
        self._machines.learn(made)
        return made

    def _wall(self, spec: Spec) -> firewalls.Wall | None:
        if spec.firewall is None:
            return None
        network = str(spec.provider_options.get("network", ""))
        return firewalls.wall_of(self._deployment, region_of(spec.zone), network, spec.firewall)

    def _insert(self, spec: Spec, token: str, slot: Slot, at: int, network_tags: Sequence[str]) -> Sighting:
        asked = body(spec, self._api.project(), self._deployment, token, slot, at, network_tags)
        path = f"/zones/{spec.zone}/instances"
        try:
            answer = self._api.send("POST", path, asked, requestId=request_id(slot, token, spec.zone))
        except NotFound as exc:
            raise refused_at_launch(exc) from exc
        except InvalidSpec as exc:
            if "already exists" not in exc.message:
                raise
            return self._namesake(spec, token, slot, exc)
        if (failed := operation_error(answer.body, spot=spec.spot is not None)) is not None:
            raise failed
        return launched(answer.body, spec, self._deployment, token, slot, at)

    def _namesake(self, spec: Spec, token: str, slot: Slot, exc: ProviderError) -> Sighting:
        """The machine that has the name: ours of this very launch, or somebody else's."""
        name = machine_name(slot, token)
        try:
            seen = sighting(self._api.get(f"/zones/{spec.zone}/instances/{name}").body)
        except NotFound:
            raise errors.NotThereYet(f"{CLOUD}: the name {name} is not free yet") from exc
        if (seen.tags.get(tags.DEPLOYMENT), seen.tags.get(tags.LAUNCH)) == (self._deployment, token):
            return seen
        raise InvalidSpec(f"{CLOUD}: somebody else's machine is called {name}") from exc

    def label(self, scope: Scope, slots: Mapping[Machine, Slot]) -> None:
        """A machine carries its name from the first; where another slot's machine came in its place, it is given the right one."""
        for machine, slot in slots.items():
            wanted = CODEC.labels({tags.INSTANCE: slot.instance_id, tags.NAME: slot.name})
            set_labels(self._api, self._machines, machine, wanted)

    # ---- looking -----------------------------------------------------------------------------------------------------

    def describe(self, scope: Scope, machines: Sequence[Machine]) -> dict[str, Sighting]:
        return self._machines.describe(scope, machines)

    def list(self, scope: Scope, which: Filter = EVERYTHING) -> Iterator[Snapshot]:
        return self._machines.pages(scope, which)

    # ---- changing ----------------------------------------------------------------------------------------------------

    def start(self, scope: Scope, machines: Sequence[Machine]) -> BatchResult:
        """What sleeps is woken: of that a start is refused."""

        def start(path: str) -> None:
            try:
                self._api.send("POST", f"{path}/start")
            except (WrongState, InvalidSpec):
                if self._api.get(path, fields="status").body.get("status") != "SUSPENDED":
                    raise
                self._api.send("POST", f"{path}/resume")

        return self._change(machines, Observed.PENDING, start)

    def stop(self, scope: Scope, machines: Sequence[Machine], *, hibernate: Collection[str] = ()) -> BatchResult:
        """What local SSDs hold is kept where Google can: without a word about it such a machine would not be stopped at all
        (skypilot-org/skypilot#2586), and where it cannot be kept, the deadline counts."""

        def stop(path: str) -> None:
            if last(path) in hibernate and self._fell_asleep(path):
                return
            try:
                self._api.send("POST", f"{path}/stop", discardLocalSsd="false")
            except InvalidSpec as exc:
                if "local" not in exc.message.lower():
                    raise
                self._api.send("POST", f"{path}/stop", discardLocalSsd="true")

        return self._change(machines, Observed.STOPPING, stop)

    def _fell_asleep(self, path: str) -> bool:
        """Suspended, with its memory kept. False: it cannot be now, and so is stopped without, because its deadline counts.

        Google may find that out only later, and says so in the operation, while the machine runs on.
        """
        before = operations.of_machine(self._api, path.split("/")[2], last(path))
        if before and before[0].get("operationType") == "suspend" and operation_error(before[0]) is not None:
            return False
        try:
            self._api.send("POST", f"{path}/suspend", discardLocalSsd="false")
        except Unauthenticated:
            raise
        except errors.Rejected:
            return False
        return True

    def terminate(self, scope: Scope, machines: Sequence[Machine]) -> BatchResult:
        return self._change(machines, Observed.TERMINATING, lambda path: self._api.send("DELETE", path))

    def _change(self, machines: Sequence[Machine], becomes: Observed, call: Callable[[str], object]) -> BatchResult:
        """One call for each, by number; nobody waits for their operations."""
        zones = self._machines.zones_of(machines) if machines else {}

        def change(machine: Machine) -> Sighting:
            try:
                call(self._machines.path(machine, zones))
            except WrongState:
                if becomes is not Observed.TERMINATING:
                    raise
                # a second deletion while the first is under way is refused as `not ready`
            return Sighting(machine.id, becomes)

        return each(machines, change)

    def checks(self, scope: Scope) -> Sequence[Check]:
        manager, iam = self._beside.manager, self._beside.iam
        return [*checks.run(self._api, manager, scope), self.deadline_guard.check(scope, manager, iam)]


def from_settings(settings: Settings, deployment: str, account: str) -> GcpProvider:
    """The provider for this process and one of our accounts; no call is made yet."""
    if url := settings.sandbox_of(NAME):
        sandbox = sandbox_at(url)
        return connected(sandbox.endpoint, account, {"Authorization": f"Bearer {account}.{sandbox.secret}"}, deployment)
    credentials: list[Credentials] = []

    def known() -> Credentials:
        if not credentials:
            try:
                credentials.append(Credentials(settings.account_called(account, NAME)))
            except Refused as exc:
                raise Unauthenticated(f"{exc.message} in the settings of this worker ({exc.hint})") from exc
        return credentials[0]

    def headers() -> Mapping[str, str]:
        return known().headers()

    endpoint = os.environ.get("IM_GCP_ENDPOINT", "")
    url = f"{endpoint}/compute/v1" if endpoint else URL
    api = GcpApi(lambda: known().project(), headers, url, lambda: known().forget())
    beside = Beside(
        JsonApi(endpoint or checks.MANAGER, headers, translate, CLOUD),
        JsonApi(endpoint or IAM, headers, translate_task, CLOUD),
        GcpApi(api.project, headers, f"{endpoint or TASKS}/v2", lambda: known().forget(), translate_task),
    )
    return GcpProvider(api, deployment, PriceCatalog(headers, endpoint), beside)


def connected(endpoint: str, project: str, headers: Mapping[str, str], deployment: str) -> GcpProvider:
    """One project at an endpoint that serves all of Google's APIs, as a stand-in does."""
    api = GcpApi(lambda: project, lambda: headers, f"{endpoint}/compute/v1")
    beside = Beside(
        JsonApi(endpoint, lambda: headers, translate, CLOUD),
        JsonApi(endpoint, lambda: headers, translate_task, CLOUD),
        GcpApi(api.project, lambda: headers, f"{endpoint}/v2", means=translate_task),
    )
    return GcpProvider(api, deployment, PriceCatalog(lambda: headers, endpoint), beside)
