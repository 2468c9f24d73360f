"""What Compute Engine can do beyond the nine verbs: adoption, marks, protection, spot, states, and which zones sell a type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from im.domain import tags
from im.domain.adoption import Controller
from im.domain.scope import Scope
from im.domain.sighting import Sighting
from im.domain.spec.spec import Spec
from im.providers.contract import Slot
from im.providers.errors import ProviderError, Unavailable, WrongState
from im.providers.features import States
from im.providers.gcp.api import GcpApi, last
from im.providers.gcp.labels import CODEC, deployment_filter, of_machine
from im.providers.gcp.listing import everywhere
from im.providers.gcp.machines import Machines
from im.providers.gcp.places import region_of
from im.providers.machine import Machine

_CONTROLLERS = {
    "goog-k8s-cluster-name": "the GKE cluster",
    "goog-gke-node": "GKE",
    "goog-dataproc-cluster-name": "the Dataproc cluster",
    "goog-composer-environment": "the Composer environment",
}
"""Labels that Google's own services put on their machines."""
_AGAIN = 3
"""Tries at a change of labels that somebody else's change came before."""


def set_labels(api: GcpApi, machines: Machines, machine: Machine, wanted: Mapping[str, str]) -> None:
    """Labels are replaced as a whole, under the fingerprint of those that were read: merged, and refused if others changed them."""
    for attempt in range(_AGAIN):
        path, shown = machines.get(machine)
        labels = dict(shown.get("labels") or {})
        if labels.items() >= wanted.items():
            return
        asked = {"labels": {**labels, **wanted}, "labelFingerprint": shown.get("labelFingerprint", "")}
        try:
            api.send("POST", f"{path}/setLabels", asked)
            return
        except WrongState:
            if attempt == _AGAIN - 1:
                raise


class Adoption:
    def __init__(self, api: GcpApi, machines: Machines, deployment: str) -> None:
        self._api, self._machines, self._deployment = api, machines, deployment

    def controller(self, seen: Sighting) -> Controller | None:
        """Instance groups replace what is stopped or gone, and so do services of Google's own."""
        if seen.operator:
            what = f"the instance group {seen.operator}"
            return Controller(what, "replaces a machine that is stopped", "Resize or delete the group")
        for label, who in _CONTROLLERS.items():
            if label in seen.tags:
                return Controller(
                    f"{who} {seen.tags[label]}".strip(), "replaces a machine that is stopped", "Scale it there"
                )
        return None

    def take(self, scope: Scope, machine: Machine, slot: Slot, owner: str) -> None:
        ours = {tags.DEPLOYMENT: self._deployment, tags.INSTANCE: slot.instance_id, tags.OWNER: owner}
        set_labels(self._api, self._machines, machine, of_machine(ours, scope.region))


class Marks:
    def __init__(self, api: GcpApi, machines: Machines, deployment: str) -> None:
        self._api, self._machines, self._deployment = api, machines, deployment

    def put(self, scope: Scope, machine: Machine, value: str) -> None:
        set_labels(self._api, self._machines, machine, CODEC.labels({tags.MARK: value}))

    def read(self, scope: Scope) -> Mapping[str, str]:
        mark = CODEC.key(tags.MARK)
        found: dict[str, str] = {}
        wanted = f"{deployment_filter(self._deployment, region=scope.region)} AND labels.{mark}:*"
        for page in everywhere(self._api, "instances", "id,labels", wanted):
            if not page.is_whole_for(scope.region):
                raise Unavailable("Google Cloud does not show every zone now, and a mark may be in one of these")
            found |= {str(one["id"]): one["labels"][mark] for one in page.things if mark in one.get("labels", {})}
        return found


class Protection:
    def __init__(self, api: GcpApi, machines: Machines) -> None:
        self._api, self._machines = api, machines

    def set(self, scope: Scope, machines: Sequence[Machine], *, on: bool) -> Mapping[str, ProviderError]:
        """Google refuses the deletion of such a machine; it is stopped all the same."""
        failed: dict[str, ProviderError] = {}
        zones = self._machines.zones_of(machines)
        for one in machines:
            try:
                path = self._machines.path(one, zones)
                self._api.send("POST", f"{path}/setDeletionProtection", deletionProtection=str(on).lower())
            except ProviderError as exc:
                failed[one.id] = exc
        return failed


class Spot:
    """No request stands behind a spot machine: what was taken back is stopped, or gone, and brings no other."""

    def release(self, scope: Scope, machines: Sequence[Machine]) -> Mapping[str, ProviderError]:
        return {}

    def successors(self, scope: Scope, machines: Sequence[Machine]) -> Mapping[str, str]:
        return {}


class StateLooks:
    def __init__(self, machines: Machines) -> None:
        self._machines = machines

    def list(self, scope: Scope, *, zone: str = "") -> Iterator[States]:
        return self._machines.states(scope, zone)


class Zones:
    def __init__(self, api: GcpApi) -> None:
        self._api = api

    def offering(self, scope: Scope, spec: Spec, types: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """The region's zones that have a type; whether one has room now, only its launch tells."""
        found: dict[str, list[str]] = {one: [] for one in types}
        wanted = " OR ".join(f'(name = "{one}")' for one in dict.fromkeys(types))
        for page in everywhere(self._api, "machineTypes", "name,zone", wanted):
            for one in page.things:
                zone = last(one.get("zone"))
                if one["name"] in found and region_of(zone) == scope.region and zone not in found[one["name"]]:
                    found[one["name"]].append(zone)
        return {name: sorted(zones) for name, zones in found.items()}
