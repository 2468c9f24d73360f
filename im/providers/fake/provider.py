"""The provider of the cloud in memory: one deployment's view of a FakeCloud, behind the contract that every cloud keeps."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from im.domain import tags
from im.domain.config.account import Account
from im.domain.errors import Refused
from im.domain.scope import Scope
from im.domain.sighting import Sighting
from im.domain.spec.firewall import gathered
from im.domain.spec.spec import Spec
from im.providers.contract import EVERYTHING, BatchResult, Check, Filter, Slot, Snapshot
from im.providers.errors import ProviderError
from im.providers.fake.capabilities import CAPABILITIES
from im.providers.fake.cloud import FakeCloud
from im.providers.fake.features import (
    FakeAdoption,
    FakeDeadlineGuard,
    FakeLeftovers,
    FakeMarks,
    FakePrices,
    FakeProtection,
    FakeSpotSupport,
    FakeStates,
    FakeZones,
    in_zone,
    resources_of,
)
from im.providers.fake.shelf import FakeShelving
from im.providers.machine import Machine
from im.providers.request import Ask

if TYPE_CHECKING:
    from im.providers.capabilities import Capabilities
    from im.settings import Settings


class FakeProfile:
    """Takes what it is given; a zone is a region and a letter."""

    name = "fake"
    capabilities = CAPABILITIES

    def plan(self, ask: Ask, *, account: str, default_region: str | None) -> tuple[Scope, Spec]:
        zone = ask.zone or f"{default_region or 'fake-1'}a"
        if len(zone) < 2 or not zone[-1].isalpha() or not zone[-2].isdigit():
            raise Refused(f"'{zone[:40]}' is not a zone", "a zone is a region and a letter, like fake-1a")
        ask.refuse_options(self.name)
        kind, image, user = ask.instance_type or "small", ask.image or "fake-image", ask.ssh_user or "fake"
        rules = gathered(ask.ssh_from, ask.open_ports)
        spec = Spec(
            *(kind, zone, image, ask.public_key, user, ask.owner),
            firewall=rules,
            disks=ask.disks,
            spot=ask.spot,
            hibernate=ask.hibernate,
            user_data=ask.user_data,
        )
        return Scope(self.name, account, zone[:-1]), spec

    def check_together(self, specs: Sequence[Spec]) -> None:
        """Its machines are all alike."""

    def check_access(self, scope: Scope, account: Account, settings: Settings, *, guarded: bool) -> None:
        """Anybody may."""

    def locate(self, machine_ids: Sequence[str], *, account: str, region: str) -> Scope:
        for one in machine_ids:
            if not one.startswith("fake-"):
                raise Refused(f"'{one[:40]}' is not a machine's id", "it looks like fake-000001")
        return Scope(self.name, account, region)


PROFILE = FakeProfile()


class FakeProvider:
    """One deployment's view of a FakeCloud."""

    def __init__(self, cloud: FakeCloud, deployment: str, capabilities: Capabilities = CAPABILITIES) -> None:
        self.capabilities = capabilities
        self._cloud = cloud
        self._mine = {tags.DEPLOYMENT: deployment}
        self._deployment = deployment
        self.adoption = FakeAdoption(cloud, deployment)
        self.deadline_guard = FakeDeadlineGuard(cloud)
        self.leftovers = FakeLeftovers(cloud, deployment)
        self.marks = FakeMarks(cloud, deployment)
        self.prices = FakePrices(cloud)
        self.protection = FakeProtection(cloud)
        self.shelving = FakeShelving(cloud, deployment)
        self.spot = FakeSpotSupport(cloud)
        self.states = FakeStates(cloud)
        self.zones = FakeZones(cloud)

    def identity(self, scope: Scope, *, afresh: bool = False) -> str:
        with self._cloud.call("identity", mutating=False):
            return f"fake-account-{scope.account}"

    def launch(self, scope: Scope, spec: Spec, *, token: str, slots: Sequence[Slot]) -> list[Sighting]:
        marks = {**spec.tags, **self._mine, tags.LAUNCH: token, tags.OWNER: spec.owner}
        if len(slots) == 1:
            marks |= _slot_tags(slots[0])
        with self._cloud.call("launch", [slot.instance_id for slot in slots]):
            self._cloud.pictures.check(spec.image)
            made = self._cloud.launch(scope.region, spec.zone, marks, token, len(slots))
            for one in made:
                one.image = spec.image
                one.kind = spec.instance_type
                one.ways_in = spec.firewall
                one.disks = spec.disks
                one.user_data = spec.user_data
                one.needs = resources_of(spec)
                if (spare := spec.spot) is not None and not one.spot_request:
                    self._cloud.spot.open(one, spare.once)
            self._cloud.belonging |= {
                f"{scope.region}/{self._deployment[:8]}/{name}": (scope.region, self._deployment, name)
                for name in resources_of(spec)
            }
            return [self._cloud.sight(one) for one in made]

    def describe(self, scope: Scope, machines: Sequence[Machine]) -> dict[str, Sighting]:
        with self._cloud.call("describe", mutating=False):
            return self._cloud.describe(scope.region, [one.id for one in machines])

    def list(self, scope: Scope, which: Filter = EVERYTHING) -> Iterator[Snapshot]:
        wanted = {tags.LAUNCH: which.token} if which.token else {}
        with self._cloud.call("find" if which.token else "listing", mutating=False):
            shown = self._cloud.listing(scope.region, self._mine | wanted)
        yield in_zone(shown, which.zone)

    def start(self, scope: Scope, machines: Sequence[Machine]) -> BatchResult:
        return self._change("start", machines)

    def stop(self, scope: Scope, machines: Sequence[Machine], *, hibernate: Collection[str] = ()) -> BatchResult:
        result = self._change("stop", machines)
        self._cloud.asleep |= {one for one in hibernate if one in result.done}
        return result

    def terminate(self, scope: Scope, machines: Sequence[Machine]) -> BatchResult:
        return self._change("terminate", machines)

    def label(self, scope: Scope, slots: Mapping[Machine, Slot]) -> None:
        with self._cloud.call("label", [one.id for one in slots]):
            for machine, slot in [(self._cloud.visible(one.id), slot) for one, slot in slots.items()]:
                machine.tags.update(_slot_tags(slot))

    def checks(self, scope: Scope) -> Sequence[Check]:
        return [Check("endpoint", ok=True, detail="the cloud in this process's memory answers")]

    def _change(self, verb: str, machines: Sequence[Machine]) -> BatchResult:
        ids = [one.id for one in machines]
        try:
            with self._cloud.call(verb, ids):
                return self._cloud.change(verb, ids)
        except ProviderError as exc:
            return BatchResult(failed=dict.fromkeys(ids, exc))


def _slot_tags(slot: Slot) -> dict[str, str]:
    return {tags.NAME: slot.name, tags.INSTANCE: slot.instance_id}


CLOUD = FakeCloud()
"""The cloud that every provider of this process shares, unless it is given its own."""


def from_settings(settings: Settings, deployment: str, account: str) -> FakeProvider:
    return FakeProvider(CLOUD, deployment)
