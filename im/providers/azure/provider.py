"""Azure behind the contract: which calls each verb makes.

A machine is made by one PUT of its name, which holds its instance's id and its launch's mark, under `If-None-Match: *`: a launch
that is repeated meets the machine that it made (412), takes it if its tags say so, and never makes or changes another.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from im.domain import tags
from im.domain.config.sandbox import sandbox_at
from im.domain.scope import Scope
from im.domain.sighting import Sighting
from im.domain.spec.spec import Spec
from im.domain.state import Observed
from im.providers import errors as e
from im.providers.azure.account import resource_manager, subscription_of
from im.providers.azure.arm import COMPUTE, MACHINES, SUBSCRIPTIONS, Arm
from im.providers.azure.checks import checks
from im.providers.azure.deadline_guard import ScheduleGuard
from im.providers.azure.disks import Disks
from im.providers.azure.errors import code_in
from im.providers.azure.features import Adoption, Marks, Protection, SpotSupport, Zones
from im.providers.azure.leftovers import Leftovers
from im.providers.azure.looking import Looking, in_parallel
from im.providers.azure.network import IF_NEW, Grounds, group_name
from im.providers.azure.prices import URL as PRICES
from im.providers.azure.prices import Prices
from im.providers.azure.profile import PROFILE
from im.providers.azure.request import body_of, machine_name, own_tags
from im.providers.azure.sightings import OPERATION, VM_ID, path_of, sighting
from im.providers.azure.states import States
from im.providers.azure.tokens import Tokens
from im.providers.contract import EVERYTHING, BatchResult, Check, Filter, Slot, Snapshot
from im.providers.errors import NotFound, ProviderError
from im.providers.kit.each import each
from im.providers.machine import Machine

if TYPE_CHECKING:
    from im.settings import Settings

NAME = PROFILE.name


class AzureProvider:
    """One subscription, for one deployment."""

    shelving = None  # a deallocated machine costs its disk alone

    def __init__(self, arm: Arm, deployment: str, group: str = "", prices: Prices | None = None) -> None:
        self.capabilities = PROFILE.capabilities
        self._arm, self._deployment = arm, deployment
        self._looking = Looking(arm, deployment)
        self._grounds = Grounds(arm, deployment, group or group_name(deployment))
        self._disks = Disks(arm, deployment)
        self._identity = ""
        self.adoption = Adoption(arm, deployment, self._looking)
        self.deadline_guard = ScheduleGuard(arm, self._looking)
        self.leftovers = Leftovers(arm, deployment, self._looking)
        self.marks = Marks(arm, deployment, self._looking)
        self.prices = prices or Prices()
        self.protection = Protection(arm)
        self.spot = SpotSupport()
        self.states = States(self._looking)
        self.zones = Zones(arm)

    def identity(self, scope: Scope, *, afresh: bool = False) -> str:
        """The subscription, whose id is its own for ever."""
        if afresh or not self._identity:
            shown = self._arm.get("", SUBSCRIPTIONS).body
            state = str(shown.get("state", ""))
            if state in ("Disabled", "Deleted"):
                raise e.Forbidden(f"Azure: the subscription {shown['subscriptionId']} is {state.lower()}")
            self._identity = f"subscription {shown['subscriptionId'].lower()}"
        return self._identity

    # ---- launching ---------------------------------------------------------------------------------------------------

    def launch(self, scope: Scope, spec: Spec, *, token: str, slots: Sequence[Slot]) -> list[Sighting]:
        """A machine for each slot. After the first one a refusal ends it: what was made is what there is."""
        try:
            return self._launch(scope, spec, token, slots)
        except e.NotThereYet:
            self._grounds.forget()  # its network or its rules were taken away since, and are made again
            return self._launch(scope, spec, token, slots)

    def _launch(self, scope: Scope, spec: Spec, token: str, slots: Sequence[Slot]) -> list[Sighting]:
        ground = self._grounds.ensure(scope.region, spec.firewall)
        refused: list[ProviderError] = []

        def make(numbered: tuple[int, Slot]) -> Sighting | None:
            at, slot = numbered
            if refused:
                return None
            name = machine_name(slot, token)
            said = own_tags(
                spec.tags,
                {
                    tags.DEPLOYMENT: self._deployment,
                    tags.LAUNCH: token,
                    tags.OWNER: spec.owner,
                    tags.INSTANCE: slot.instance_id,
                    tags.NAME: slot.name,
                },
            )
            body = body_of(
                spec, name=name, location=scope.region, said=said, at=at, deployment=self._deployment, ground=ground
            )
            try:
                return self._create(name, body, token, spot=spec.spot is not None)
            except ProviderError as exc:
                refused.append(exc)
                return None

        first, *others = enumerate(slots)
        seen = [make(first), *in_parallel(others, make)]
        made = [one for one in seen if one is not None]
        unclear = next((exc for exc in refused if isinstance(exc, e.Ambiguous)), None)
        if unclear is not None or not made:
            raise unclear or refused[0]
        return made

    def _create(self, name: str, body: dict[str, Any], token: str, *, spot: bool) -> Sighting:
        path = self._arm.path(self._grounds.group, MACHINES, name)
        try:
            answer = self._arm.send("PUT", path, COMPUTE, body, headers=IF_NEW)
        except e.WrongState as exc:
            if code_in(exc) in ("ConditionNotMet", "PreconditionFailed"):
                return self._namesake(path, token, exc)
            # something that it needs is being changed, and nothing was made: the same is asked again
            raise e.Unavailable(exc.message, retry_after=exc.retry_after) from exc
        except e.NotOffered as exc:
            if spot and code_in(exc) == "SkuNotAvailable":
                raise e.NoCapacity(exc.message) from exc
            raise
        except NotFound as exc:
            raise e.NotThereYet(exc.message) from exc  # its group
        seen = sighting(answer.body, None)
        assert seen is not None
        url = answer.headers.get("Azure-AsyncOperation")
        return replace(seen, notes={**(seen.notes or {}), **({OPERATION: url} if url else {})})

    def _namesake(self, path: str, token: str, exc: ProviderError) -> Sighting:
        """The machine that has the name: ours of this very launch, or somebody else's."""
        seen = sighting(self._arm.get(path, COMPUTE).body, None)
        assert seen is not None
        if (seen.tags.get(tags.DEPLOYMENT), seen.tags.get(tags.LAUNCH)) == (self._deployment, token):
            return seen
        raise e.InvalidSpec(f"Azure: somebody else's machine is called {seen.provider_id}") from exc

    def label(self, scope: Scope, slots: Mapping[Machine, Slot]) -> None:
        """A machine carries its name and id from the first, and so do its interface and its address; its disks do not."""
        self._disks.label(slots)

    # ---- looking -----------------------------------------------------------------------------------------------------

    def describe(self, scope: Scope, machines: Sequence[Machine]) -> dict[str, Sighting]:
        return self._looking.describe(scope, machines)

    def list(self, scope: Scope, which: Filter = EVERYTHING) -> Iterator[Snapshot]:
        first = True
        try:
            for page in self._looking.pages(scope, which):
                yield page
                first = False
        except ProviderError:
            if first:
                raise
            yield Snapshot(False, ())

    # ---- changing ----------------------------------------------------------------------------------------------------

    def start(self, scope: Scope, machines: Sequence[Machine]) -> BatchResult:
        return each(machines, lambda one: self._act(one, "start", Observed.PENDING))

    def stop(self, scope: Scope, machines: Sequence[Machine], *, hibernate: Collection[str] = ()) -> BatchResult:
        """Deallocated: one that is only powered off costs as much as one that runs."""

        def stop(one: Machine) -> Sighting:
            if one.id in hibernate and self._fell_asleep(one):
                return Sighting(one.id, Observed.STOPPING)
            return self._act(one, "deallocate", Observed.STOPPING)

        return each(machines, stop)

    def _fell_asleep(self, machine: Machine) -> bool:
        """Deallocated, with its memory kept. False: it cannot be now, and so is deallocated without, because its deadline counts.

        Azure may find that out only later: then the machine runs on, and stands there as failed.
        """
        vm = self._looking.get(machine)
        if str(vm["properties"].get("provisioningState", "")).lower() == "failed":
            return False
        try:
            self._arm.send("POST", f"{path_of(machine)}/deallocate", COMPUTE, query={"hibernate": "true"})
        except e.Unauthenticated:
            raise
        except e.Rejected:
            return False
        return True

    def terminate(self, scope: Scope, machines: Sequence[Machine]) -> BatchResult:
        """Its interface, its address and its disks go with it, for so they were made."""

        def delete(machine: Machine) -> Sighting:
            self._check(machine)
            if self._arm.send("DELETE", path_of(machine), COMPUTE).status == 204:
                raise NotFound(f"Azure has no machine {machine.id}")
            return Sighting(machine.id, Observed.TERMINATING)

        return each(machines, delete)

    def _act(self, machine: Machine, command: str, becomes: Observed) -> Sighting:
        self._check(machine)
        self._arm.send("POST", f"{path_of(machine)}/{command}", COMPUTE)
        return Sighting(machine.id, becomes)

    def _check(self, machine: Machine) -> None:
        """Names that we gave are used once. One that somebody else gave may be another machine's by now, so it is looked at."""
        if machine.notes.get(VM_ID) and not machine.id.startswith(f"{self._grounds.group.lower()}/"):
            self._looking.get(machine)

    def checks(self, scope: Scope) -> Sequence[Check]:
        return [*checks(self._arm, scope, self.identity), self.deadline_guard.check(scope)]


def from_settings(settings: Settings, deployment: str, account: str) -> AzureProvider:
    """The provider for this process and one of our accounts; no call is made yet."""
    if url := settings.sandbox_of(NAME):
        sandbox = sandbox_at(url)

        def secret() -> str:
            return f"{account}.{sandbox.secret}"

        arm = Arm(secret, str, sandbox.endpoint)
        return AzureProvider(arm, deployment, prices=Prices(f"{sandbox.endpoint}{PRICES.path}", secret))
    whose = settings.account_called
    where = resource_manager(os.environ)
    tokens = Tokens(lambda: whose(account, NAME), where)

    def named() -> str:
        return subscription_of(tokens.account(), os.environ)

    group = _group(settings, account)
    return AzureProvider(Arm(tokens, named, where, tokens.forget), deployment, group)


def _group(settings: Settings, account: str) -> str:
    from im.domain.errors import Refused

    try:
        return settings.account_called(account, NAME).credentials.get("resource_group", "").lower()
    except Refused:
        return ""  # told when it is first used
