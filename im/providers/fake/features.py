"""What the cloud in memory can do beyond the nine verbs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from im.domain import tags
from im.domain.adoption import Controller
from im.domain.money.bill import Item, Price
from im.domain.money.zones import dearest
from im.domain.scope import Scope
from im.domain.sighting import Sighting
from im.domain.spec.spec import SPOTS, Spec
from im.providers.contract import Slot, Snapshot
from im.providers.errors import NotFound, ProviderError, Unavailable, WrongState
from im.providers.fake.cloud import FakeCloud
from im.providers.features import Guarded, Resource, States
from im.providers.machine import SPOT_REQUEST, Machine


class FakeAdoption:
    def __init__(self, cloud: FakeCloud, deployment: str) -> None:
        self._cloud, self._deployment = cloud, deployment

    def controller(self, seen: Sighting) -> Controller | None:
        whose = seen.tags.get("fake:controller")
        return Controller(f"the group {whose}", "replaces what is stopped", "Set its size") if whose else None

    def take(self, scope: Scope, machine: Machine, slot: Slot, owner: str) -> None:
        with self._cloud.call("adopt", [machine.id]):
            marks = {tags.DEPLOYMENT: self._deployment, tags.INSTANCE: slot.instance_id, tags.OWNER: owner}
            self._cloud.visible(machine.id).tags.update(marks)


class FakeDeadlineGuard:
    def __init__(self, cloud: FakeCloud) -> None:
        self._cloud = cloud

    def set(self, scope: Scope, guards: Mapping[Machine, Guarded]) -> Mapping[str, ProviderError]:
        with self._cloud.call("guard", [one.id for one in guards]):
            for machine, wish in guards.items():
                if wish.at is None:
                    self._cloud.guards.pop(machine.id, None)
                else:
                    self._cloud.guards[machine.id] = wish
        return {}


class FakeLeftovers:
    def __init__(self, cloud: FakeCloud, deployment: str) -> None:
        self._cloud, self._deployment = cloud, deployment

    def found(self, scope: Scope) -> Sequence[Resource]:
        with self._cloud.call("belongings", mutating=False):
            return self._cloud.belongings(scope.region, self._deployment)

    def needed_by(self, spec: Spec) -> frozenset[str]:
        return resources_of(spec)

    def discard(self, scope: Scope, things: Sequence[Resource]) -> Mapping[str, ProviderError]:
        with self._cloud.call("discard", [one.id for one in things]):
            there = {one.id: one for one in self._cloud.belongings(scope.region, self._deployment)}
            used = {one.id for one in things if one.id in there and there[one.id].used}
            for one in things:
                if one.id in there and one.id not in used:
                    del self._cloud.belonging[one.id]
            return {one: WrongState(f"a machine still uses {one}") for one in used}


class FakeMarks:
    def __init__(self, cloud: FakeCloud, deployment: str) -> None:
        self._cloud, self._mine = cloud, {tags.DEPLOYMENT: deployment}

    def put(self, scope: Scope, machine: Machine, value: str) -> None:
        with self._cloud.call("mark", [machine.id]):
            self._cloud.visible(machine.id).tags[tags.MARK] = value

    def read(self, scope: Scope) -> Mapping[str, str]:
        with self._cloud.call("marks", mutating=False):
            seen = self._cloud.listing(scope.region, self._mine)
        if not seen.complete:
            raise Unavailable("the listing was cut short")
        return {one.provider_id: one.tags[tags.MARK] for one in seen.sightings if tags.MARK in one.tags}


class FakePrices:
    def __init__(self, cloud: FakeCloud) -> None:
        self._cloud = cloud

    def fetch(
        self, scope: Scope, items: Sequence[Item], since: datetime | None = None
    ) -> Mapping[Item, Sequence[Price]]:
        with self._cloud.call("prices", mutating=False):
            found: dict[Item, Sequence[Price]] = {
                item: (self._cloud.prices[item.name],) for item in items if item.name in self._cloud.prices
            }
            for item in items:
                if item.market in SPOTS:
                    found |= self._of_zones(item, since or self._cloud.clock())
            return found

    def _of_zones(self, item: Item, since: datetime) -> Mapping[Item, Sequence[Price]]:
        history = self._cloud.spot.history(item.region, item.name, since)
        each = {replace(item, zone=zone): prices for zone, prices in history.items()}
        return {item: dearest(history, since), **each} if history else {}


class FakeProtection:
    def __init__(self, cloud: FakeCloud) -> None:
        self._cloud = cloud

    def set(self, scope: Scope, machines: Sequence[Machine], *, on: bool) -> Mapping[str, ProviderError]:
        failed: dict[str, ProviderError] = {}
        with self._cloud.call("protect", [one.id for one in machines]):
            for one in machines:
                try:
                    self._cloud.visible(one.id).protected = on
                except ProviderError as exc:
                    failed[one.id] = exc
        return failed


class FakeSpotSupport:
    def __init__(self, cloud: FakeCloud) -> None:
        self._cloud = cloud

    def release(self, scope: Scope, machines: Sequence[Machine]) -> Mapping[str, ProviderError]:
        failed: dict[str, ProviderError] = {}
        try:
            with self._cloud.call("cancel_spot", [one.id for one in machines]):
                for one in machines:
                    request = one.notes.get(SPOT_REQUEST, "")
                    seen = self._cloud.describe(scope.region, [one.id])
                    if not request and one.id not in seen:
                        failed[one.id] = Unavailable(f"{one.id} is not shown yet, and so its spot request is not known")
                        continue
                    with suppress(NotFound):
                        self._cloud.spot.cancel(request or seen[one.id].spot_request)
        except ProviderError as exc:
            return {one.id: exc for one in machines}
        return failed

    def successors(self, scope: Scope, machines: Sequence[Machine]) -> Mapping[str, str]:
        with self._cloud.call("spot_successors", mutating=False):
            known = {one.id: self._cloud.spot.requests.get(one.notes.get(SPOT_REQUEST, "")) for one in machines}
            return {one: request.machine for one, request in known.items() if request and request.machine != one}


class FakeStates:
    def __init__(self, cloud: FakeCloud) -> None:
        self._cloud = cloud

    def list(self, scope: Scope, *, zone: str = "") -> Iterator[States]:
        with self._cloud.call("listing", mutating=False):
            shown = in_zone(self._cloud.listing(scope.region, {}), zone)
        yield States(shown.complete, {one.provider_id: one.state for one in shown.sightings}, shown.date)


class FakeZones:
    def __init__(self, cloud: FakeCloud) -> None:
        self._cloud = cloud

    def offering(self, scope: Scope, spec: Spec, types: Sequence[str]) -> Mapping[str, Sequence[str]]:
        with self._cloud.call("offers", mutating=False):
            zones = [f"{scope.region}{letter}" for letter in self._cloud.zones]
            return {kind: [z for z in zones if (kind, z) not in self._cloud.lacking] for kind in types}


def in_zone(shown: Snapshot, zone: str) -> Snapshot:
    return replace(shown, sightings=tuple(one for one in shown.sightings if zone in ("", one.zone)))


def resources_of(spec: Spec) -> frozenset[str]:
    """A key pair for each key, a firewall for each set of rules."""
    rules = spec.firewall
    key = f"key-{hashlib.sha256(spec.public_key.encode()).hexdigest()[:8]}"
    return frozenset({key} if rules is None else {key, f"firewall-{','.join(str(rule) for rule in rules)}"})
