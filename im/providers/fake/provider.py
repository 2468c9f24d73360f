"""The provider of the cloud in memory: one deployment's view of a FakeCloud, behind the contract that every cloud keeps."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from im.domain.adoption import Controller
from im.domain.errors import Refused
from im.domain.money.bill import Item, Price
from im.domain.money.forecast import Parts
from im.domain.scope import Scope
from im.domain.sighting import Sighting
from im.domain.spec.disk import disks_of, stored
from im.domain.spec.firewall import gathered, rules_of
from im.domain.spec.spec import Spec, tags_of
from im.domain.spec.spot import spot_of
from im.domain.spec.spot import stored as stored_spot
from im.providers.contract import BatchResult, Capabilities, Check, Slot, Snapshot
from im.providers.errors import NotFound, ProviderError, Unavailable, WrongState
from im.providers.fake.cloud import FakeCloud
from im.providers.features import Belonging, Guarded, States
from im.providers.request import Ask

if TYPE_CHECKING:
    from im.settings import Settings


class FakeProfile:
    """Takes what it is given; a zone is a region and a letter."""

    name = "fake"
    capabilities = Capabilities(
        can_stop=True,
        idempotent_launch=True,
        launch_visible_within=timedelta(seconds=5),
        native_deadline=True,
        can_firewall=True,
        can_hibernate=True,
        can_protect=True,
        can_spot=True,
        real=False,
    )

    def plan(self, ask: Ask, *, account: str, default_region: str | None) -> tuple[Scope, Spec]:
        zone = ask.zone or f"{default_region or 'fake-1'}a"
        if len(zone) < 2 or not zone[-1].isalpha() or not zone[-2].isdigit():
            raise Refused(f"'{zone[:40]}' is not a zone", "a zone is a region and a letter, like fake-1a")
        ask.refuse_options(self.name)
        kind, image, user = ask.instance_type or "small", ask.image or "fake-image", ask.ssh_user or "fake"
        rules = gathered(ask.ssh_from, ask.open_ports)
        options: dict[str, Any] = {} if rules is None else {"firewall": [str(rule) for rule in rules]}
        options |= stored(ask.root_disk, ask.volumes) | ({"hibernate": True} if ask.hibernate else {})
        options |= stored_spot(ask.spot)
        scope = Scope(self.name, account, zone[:-1])
        return scope, Spec(kind, zone, image, ask.public_key, user, ask.owner, options, ask.user_data)

    def expects(self, spec: Spec) -> Parts:
        return Parts(address=True, disk_gb=100, disk_type="fast")

    def check_together(self, specs: Sequence[Spec]) -> None:
        """Its machines are all alike."""

    def check_roles(self, scope: Scope, roles: Mapping[str, str]) -> None:
        """It has none."""

    def locate(self, machine_ids: Sequence[str], *, account: str, region: str) -> Scope:
        for one in machine_ids:
            if not one.startswith("fake-"):
                raise Refused(f"'{one[:40]}' is not a machine's id", "it looks like fake-000001")
        return Scope(self.name, account, region)


PROFILE = FakeProfile()


class FakeProvider:
    """One deployment's view of a FakeCloud."""

    def __init__(self, cloud: FakeCloud, deployment: str, capabilities: Capabilities = PROFILE.capabilities) -> None:
        self.capabilities = capabilities
        self._cloud = cloud
        self._mine = {"im:deployment": deployment}
        self._deployment = deployment

    def identity(self, scope: Scope, *, afresh: bool = False) -> str:
        with self._cloud.call("identity", mutating=False):
            return f"fake-account-{scope.account}"

    def launch(self, scope: Scope, spec: Spec, *, token: str, slots: Sequence[Slot]) -> list[Sighting]:
        tags = {**tags_of(spec), **self._mine, "im:launch": token, "im:owner": spec.owner}
        if len(slots) == 1:
            tags |= _slot_tags(slots[0])
        with self._cloud.call("launch", [slot.instance_id for slot in slots]):
            made = self._cloud.launch(scope.region, spec.zone, tags, token, len(slots))
            for one in made:
                one.kind = spec.instance_type
                one.ways_in = rules_of(spec)
                one.disks = disks_of(spec)
                one.user_data = spec.user_data
                one.needs = belongings_of(spec)
                if (spare := spot_of(spec)) is not None and not one.spot_request:
                    self._cloud.spot.open(one, spare.once)
            self._cloud.belonging |= {
                f"{scope.region}/{self._deployment[:8]}/{name}": (scope.region, self._deployment, name)
                for name in belongings_of(spec)
            }
            return [self._cloud.sight(one) for one in made]

    def offers(self, scope: Scope, spec: Spec, types: Sequence[str]) -> Mapping[str, Sequence[str]]:
        with self._cloud.call("offers", mutating=False):
            zones = [f"{scope.region}{letter}" for letter in self._cloud.zones]
            return {kind: [z for z in zones if (kind, z) not in self._cloud.lacking] for kind in types}

    def find(self, scope: Scope, token: str, spec: Spec | None = None) -> Snapshot:
        return self._listing("find", scope, {"im:launch": token})

    def label(self, scope: Scope, slots: Mapping[str, Slot]) -> None:
        with self._cloud.call("label", list(slots)):
            for machine, slot in [(self._cloud.visible(one), slot) for one, slot in slots.items()]:
                machine.tags.update(_slot_tags(slot))

    def adopt(self, scope: Scope, machine_id: str, slot: Slot, owner: str, *, spot_request: str = "") -> None:
        with self._cloud.call("adopt", [machine_id]):
            tags = self._mine | {"im:instance": slot.instance_id, "im:owner": owner}
            self._cloud.visible(machine_id).tags.update(tags)

    def controller(self, seen: Sighting) -> Controller | None:
        whose = seen.tags.get("fake:controller")
        return Controller(f"the group {whose}", "replaces what is stopped", "Set its size") if whose else None

    def describe(self, scope: Scope, ids: Sequence[str]) -> dict[str, Sighting]:
        with self._cloud.call("describe", mutating=False):
            return self._cloud.describe(scope.region, ids)

    def listing(self, scope: Scope, *, zone: str = "") -> Iterator[Snapshot]:
        yield _in_zone(self._listing("listing", scope, {}), zone)

    def ours(self, scope: Scope) -> Iterator[Snapshot]:
        yield self._listing("ours", scope, {})

    def states(self, scope: Scope, *, zone: str = "") -> Iterator[States]:
        with self._cloud.call("listing", mutating=False):
            shown = _in_zone(self._cloud.listing(scope.region, {}), zone)
        yield States(shown.complete, {one.provider_id: one.state for one in shown.sightings}, shown.date)

    def _listing(self, verb: str, scope: Scope, tags: dict[str, str]) -> Snapshot:
        with self._cloud.call(verb, mutating=False):
            return self._cloud.listing(scope.region, self._mine | tags)

    def start(self, scope: Scope, ids: Sequence[str]) -> BatchResult:
        return self._change("start", ids)

    def stop(self, scope: Scope, ids: Sequence[str], *, hibernate: Collection[str] = ()) -> BatchResult:
        result = self._change("stop", ids)
        self._cloud.asleep |= {one for one in hibernate if one in result.done}
        return result

    def terminate(self, scope: Scope, ids: Sequence[str]) -> BatchResult:
        return self._change("terminate", ids)

    def protect(self, scope: Scope, ids: Sequence[str], *, on: bool) -> Mapping[str, ProviderError]:
        failed: dict[str, ProviderError] = {}
        with self._cloud.call("protect", ids):
            for one in ids:
                try:
                    self._cloud.visible(one).protected = on
                except ProviderError as exc:
                    failed[one] = exc
        return failed

    def cancel_spot(self, scope: Scope, requests: Mapping[str, str]) -> Mapping[str, ProviderError]:
        failed: dict[str, ProviderError] = {}
        try:
            with self._cloud.call("cancel_spot", list(requests)):
                for one, request in requests.items():
                    seen = self._cloud.describe(scope.region, [one])
                    if not request and one not in seen:
                        failed[one] = Unavailable(f"{one} is not shown yet, and so its spot request is not known")
                        continue
                    with suppress(NotFound):
                        self._cloud.spot.cancel(request or seen[one].spot_request)
        except ProviderError as exc:
            return dict.fromkeys(requests, exc)
        return failed

    def spot_heirs(self, scope: Scope, requests: Mapping[str, str]) -> Mapping[str, str]:
        with self._cloud.call("spot_heirs", mutating=False):
            known = {one: self._cloud.spot.requests.get(request) for one, request in requests.items()}
            return {one: request.machine for one, request in known.items() if request and request.machine != one}

    def _change(self, verb: str, ids: Sequence[str]) -> BatchResult:
        try:
            with self._cloud.call(verb, ids):
                return self._cloud.change(verb, ids)
        except ProviderError as exc:
            return BatchResult(failed=dict.fromkeys(ids, exc))

    def prices(self, scope: Scope, items: Sequence[Item]) -> Mapping[Item, Price]:
        with self._cloud.call("prices", mutating=False):
            return {item: self._cloud.prices[item.name] for item in items if item.name in self._cloud.prices}

    def guard(self, scope: Scope, wishes: Mapping[str, Guarded]) -> Mapping[str, ProviderError]:
        with self._cloud.call("guard", list(wishes)):
            for machine_id, wish in wishes.items():
                if wish.at is None:
                    self._cloud.guards.pop(machine_id, None)
                else:
                    self._cloud.guards[machine_id] = wish
        return {}

    def belongings(self, scope: Scope) -> list[Belonging]:
        with self._cloud.call("belongings", mutating=False):
            return self._cloud.belongings(scope.region, self._deployment)

    def needed_by(self, spec: Spec) -> frozenset[str]:
        return belongings_of(spec)

    def discard(self, scope: Scope, things: Sequence[Belonging]) -> Mapping[str, ProviderError]:
        with self._cloud.call("discard", [one.id for one in things]):
            there = {one.id: one for one in self._cloud.belongings(scope.region, self._deployment)}
            used = {one.id for one in things if one.id in there and there[one.id].used}
            for one in things:
                if one.id in there and one.id not in used:
                    del self._cloud.belonging[one.id]
            return {one: WrongState(f"a machine still uses {one}") for one in used}

    def checks(self, scope: Scope) -> list[Check]:
        return [Check("endpoint", ok=True, detail="the cloud in this process's memory answers")]


def _in_zone(shown: Snapshot, zone: str) -> Snapshot:
    return replace(shown, sightings=tuple(one for one in shown.sightings if zone in ("", one.zone)))


def belongings_of(spec: Spec) -> frozenset[str]:
    """A key pair for each key, a firewall for each set of rules."""
    rules = rules_of(spec)
    key = f"key-{hashlib.sha256(spec.public_key.encode()).hexdigest()[:8]}"
    return frozenset({key} if rules is None else {key, f"firewall-{','.join(str(rule) for rule in rules)}"})


def _slot_tags(slot: Slot) -> dict[str, str]:
    return {"Name": slot.name, "im:instance": slot.instance_id}


CLOUD = FakeCloud()
"""The cloud that every provider of this process shares, unless it is given its own."""


def from_settings(settings: Settings, deployment: str, account: str) -> FakeProvider:
    return FakeProvider(CLOUD, deployment)
