"""What Azure can do beyond the nine verbs: locks, adoption and marks by tag, spot, and where a size is sold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from im.domain import tags
from im.domain.adoption import Controller
from im.domain.scope import Scope
from im.domain.sighting import Sighting
from im.domain.spec.spec import Spec
from im.providers.azure.arm import LOCKS, SKUS, TAGS, Arm
from im.providers.azure.looking import Looking
from im.providers.azure.sightings import machine_id, path_of, tags_of
from im.providers.contract import Slot
from im.providers.errors import ProviderError
from im.providers.machine import Machine

LOCK = "im"
_CONTROLLERS = {
    "aks-managed-poolname": ("the AKS node pool", "loses a node by it", "Scale the pool in the cluster"),
    "cluster.x-k8s.io_cluster-name": (
        "the Cluster API cluster",
        "replaces a machine that is stopped",
        "Scale it there",
    ),
    "karpenter.sh_nodepool": ("the Karpenter node pool", "replaces a machine that is stopped", "Scale it there"),
}
"""Tags that these put on their machines."""


def merge_tags(arm: Arm, machine: Machine, told: Mapping[str, str]) -> None:
    """Set tags beside those that there are, in one call. Raises ProviderError."""
    path = f"{path_of(machine)}/providers/Microsoft.Resources/tags/default"
    arm.send("PATCH", path, TAGS, {"operation": "Merge", "properties": {"tags": dict(told)}})


class Adoption:
    def __init__(self, arm: Arm, deployment: str, looking: Looking) -> None:
        self._arm, self._deployment, self._looking = arm, deployment, looking

    def controller(self, seen: Sighting) -> Controller | None:
        for tag, (who, does, instead) in _CONTROLLERS.items():
            if tag in seen.tags:
                return Controller(f"{who} {seen.tags[tag]}", does, instead)
        if seen.operator:
            does = "makes another one in place of one that is gone"
            return Controller(f"the scale set {seen.operator}", does, "Change the capacity of the scale set")
        return None

    def take(self, scope: Scope, machine: Machine, slot: Slot, owner: str) -> None:
        self._looking.get(machine)
        ours = {tags.DEPLOYMENT: self._deployment, tags.INSTANCE: slot.instance_id, tags.OWNER: owner}
        merge_tags(self._arm, machine, ours)


class Marks:
    def __init__(self, arm: Arm, deployment: str, looking: Looking) -> None:
        self._arm, self._deployment, self._looking = arm, deployment, looking

    def put(self, scope: Scope, machine: Machine, value: str) -> None:
        merge_tags(self._arm, machine, {tags.MARK: value})

    def read(self, scope: Scope) -> Mapping[str, str]:
        found = {}
        for vm in self._looking.ours(scope):
            said = tags_of(vm)
            if tags.MARK in said:
                found[machine_id(vm["id"])] = said[tags.MARK]
        return found


class Protection:
    """A lock on the machine: it can be stopped, and not be deleted."""

    def __init__(self, arm: Arm) -> None:
        self._arm = arm

    def set(self, scope: Scope, machines: Sequence[Machine], *, on: bool) -> Mapping[str, ProviderError]:
        failed: dict[str, ProviderError] = {}
        body = {"properties": {"level": "CanNotDelete", "notes": "im protects it; im unprotect NAME lifts this"}}
        for one in machines:
            try:
                path = f"{path_of(one)}/providers/Microsoft.Authorization/locks/{LOCK}"
                self._arm.send("PUT", path, LOCKS, body) if on else self._arm.send("DELETE", path, LOCKS)
            except ProviderError as exc:
                failed[one.id] = exc
        return failed


class SpotSupport:
    """Nothing stands behind a spot machine here, and nobody makes another one in its place."""

    def release(self, scope: Scope, machines: Sequence[Machine]) -> Mapping[str, ProviderError]:
        return {}

    def successors(self, scope: Scope, machines: Sequence[Machine]) -> Mapping[str, str]:
        return {}


class Zones:
    def __init__(self, arm: Arm) -> None:
        self._arm = arm

    def offering(self, scope: Scope, spec: Spec, types: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """The location itself, which has more room than its zones, and then those of its zones that this subscription may use."""
        found: dict[str, Sequence[str]] = {one: [] for one in types}
        names = {one.lower(): one for one in types}
        for sku in self._arm.all(
            "/providers/Microsoft.Compute/skus", SKUS, {"$filter": f"location eq '{scope.region}'"}
        ):
            name = names.get(str(sku.get("name", "")).lower())
            if name is not None and sku.get("resourceType") == "virtualMachines":
                found[name] = _places(sku, scope.region, spot=spec.spot is not None)
        return found


def _places(sku: Mapping[str, Any], location: str, *, spot: bool) -> list[str]:
    """Where it may be had; nowhere when it is restricted in the whole location, or is to be spot and cannot be."""
    can = {one.get("name"): one.get("value") for one in sku.get("capabilities") or ()}
    if spot and can.get("LowPriorityCapable") != "True":
        return []
    closed: set[str] = set()
    for one in sku.get("restrictions") or ():
        if one.get("type") == "Location":
            return []
        closed |= set((one.get("restrictionInfo") or {}).get("zones") or ())
    zones = {zone for one in sku.get("locationInfo") or () for zone in one.get("zones") or ()}
    return [location, *(f"{location}-{zone}" for zone in sorted(zones - closed))]
