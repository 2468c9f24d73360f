"""What was made for machines and is no machine: found again by its tags, or by its name where Azure gives it none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from im.domain import tags
from im.domain.scope import Scope
from im.domain.spec.spec import Spec
from im.providers.azure.arm import COMPUTE, DISKS, NETWORK, Arm
from im.providers.azure.looking import ADDRESSES, INTERFACES, Looking
from im.providers.azure.network import NETWORKS, RULES, network_name, rules_name
from im.providers.azure.sightings import tags_of, was_refused
from im.providers.errors import NotFound, ProviderError, WrongState
from im.providers.features import Resource
from im.providers.kit.names import prefix

NETWORK_KIND, RULES_KIND, INTERFACE_KIND, ADDRESS_KIND = "network", "rules", "network interface", "public address"
DISK_KIND, FAILED_KIND = "disk", "machine that was never made"
_DISKS = "Microsoft.Compute/disks"
_VERSIONS = {DISK_KIND: DISKS, FAILED_KIND: COMPUTE}


class Leftovers:
    def __init__(self, arm: Arm, deployment: str, looking: Looking) -> None:
        self._arm, self._deployment, self._looking = arm, deployment, looking

    def found(self, scope: Scope) -> Sequence[Resource]:
        """Networks and rules, whether they are used or not; of what a machine is made of only what is attached to none."""
        return [*self._grounds(scope), *self._parts(scope), *self._never_made(scope)]

    def needed_by(self, spec: Spec) -> frozenset[str]:
        location = spec.zone.partition("-")[0]
        names = {network_name(self._deployment, location)}
        if spec.firewall is not None:
            names.add(rules_name(self._deployment, location, spec.firewall))
        return frozenset(names)

    def discard(self, scope: Scope, things: Sequence[Resource]) -> Mapping[str, ProviderError]:
        """An interface before its address: the one holds the other."""
        failed: dict[str, ProviderError] = {}
        there = {one.id: one for one in self.found(scope)}
        order = (FAILED_KIND, INTERFACE_KIND, ADDRESS_KIND, DISK_KIND, RULES_KIND, NETWORK_KIND)
        going = [there[thing.id] for thing in things if thing.id in there]
        for one in sorted(going, key=lambda thing: order.index(thing.kind)):
            try:
                if one.used:
                    raise WrongState(f"a machine still uses the {one.kind} {one.name}")
                self._arm.send("DELETE", one.id, _VERSIONS.get(one.kind, NETWORK))
            except NotFound:
                continue
            except ProviderError as exc:
                failed[one.id] = exc
        return failed

    def _grounds(self, scope: Scope) -> Iterator[Resource]:
        for one in self._ours(NETWORKS, NETWORK, scope):
            subnets = one["properties"].get("subnets") or ()
            used = any((subnet.get("properties") or {}).get("ipConfigurations") for subnet in subnets)
            yield self._resource(NETWORK_KIND, one, scope.region, used=used)
        for one in self._ours(RULES, NETWORK, scope):
            properties = one["properties"]
            used = bool(properties.get("networkInterfaces") or properties.get("subnets"))
            yield self._resource(RULES_KIND, one, f"{len(properties.get('securityRules') or ())} rules", used=used)

    def _parts(self, scope: Scope) -> Iterator[Resource]:
        loose = [one for one in self._ours(INTERFACES, NETWORK, scope) if not one["properties"].get("virtualMachine")]
        for one in loose:
            yield self._resource(INTERFACE_KIND, one, "attached to no machine", used=False)
        free = tuple(f"{one['id'].lower()}/" for one in loose)
        for one in self._ours(ADDRESSES, NETWORK, scope):
            holder = str((one["properties"].get("ipConfiguration") or {}).get("id", "")).lower()
            if not holder or holder.startswith(free):
                yield self._resource(ADDRESS_KIND, one, str(one["properties"].get("ipAddress") or ""), used=False)
        for one in self._arm.all(f"/providers/{_DISKS}", DISKS):
            kept = not one["name"].endswith("-os")  # what somebody asked to keep is not ours to offer
            if self._has_our_name(one) and _is_in(one, scope) and not one.get("managedBy") and not kept:
                yield self._resource(DISK_KIND, one, f"{one['properties'].get('diskSizeGB', '?')} GB", used=False)

    def _never_made(self, scope: Scope) -> Iterator[Resource]:
        """What a launch that was refused late leaves standing, should nobody have taken it away."""
        for vm in self._looking.ours(scope):
            if str(vm["properties"].get("provisioningState", "")).lower() != "failed":
                continue
            path = self._arm.below(vm["id"])
            try:
                shown = self._arm.get(path, COMPUTE, {"$expand": "instanceView"}).body
            except NotFound:
                continue
            told = (shown["properties"].get("instanceView") or {}).get("statuses") or []
            if was_refused(shown, told, {}):
                yield Resource(FAILED_KIND, path, vm["name"], "its launch was refused", used=False)

    def _ours(self, kind: str, version: str, scope: Scope) -> Iterator[dict[str, Any]]:
        for one in self._arm.all(f"/providers/{kind}", version):
            if tags_of(one).get(tags.DEPLOYMENT) == self._deployment and _is_in(one, scope):
                yield one

    def _has_our_name(self, one: Mapping[str, Any]) -> bool:
        return str(one["name"]).startswith(prefix(self._deployment))

    def _resource(self, kind: str, one: Mapping[str, Any], detail: str, *, used: bool) -> Resource:
        return Resource(kind, self._arm.below(one["id"]), one["name"], detail, used=used)


def _is_in(one: Mapping[str, Any], scope: Scope) -> bool:
    return str(one.get("location", "")).lower().replace(" ", "") == scope.region
