"""What RunPod can do beyond the nine verbs: an orphan of ours is taken in by its name, and data centers with room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from im.domain import tags
from im.domain.adoption import Controller
from im.domain.scope import Scope
from im.domain.sighting import Sighting
from im.domain.spec.spec import Spec
from im.providers.contract import Slot
from im.providers.errors import NoCapacity, Unsupported
from im.providers.kit.marked_name import remarked
from im.providers.machine import Machine
from im.providers.runpod import gpus
from im.providers.runpod.api import RunPodApi
from im.providers.runpod.capabilities import CAPABILITIES
from im.providers.runpod.instances import sighting


class Adoption:
    """Variables are changed by a reset alone, which empties the disk, and a name is not: so what we launched becomes another row's
    by its name, and nothing else does."""

    def __init__(self, api: RunPodApi, deployment: str) -> None:
        self._api, self._deployment = api, deployment

    def controller(self, seen: Sighting) -> Controller | None:
        return None

    def take(self, scope: Scope, machine: Machine, slot: Slot, owner: str) -> None:
        pod = self._api.get(f"/pods/{machine.id}").body
        said = sighting(pod).tags
        if said.get(tags.DEPLOYMENT) != self._deployment:
            raise Unsupported(CAPABILITIES.why_no_adoption)
        name = remarked(str(pod.get("name") or ""), slot.instance_id, self._deployment, said[tags.LAUNCH])
        if name != pod.get("name"):
            self._api.send("PATCH", f"/pods/{machine.id}", {"name": name})


class Zones:
    """Data centers."""

    def __init__(self, api: RunPodApi) -> None:
        self._api = api

    def offering(self, scope: Scope, spec: Spec, types: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """Those that have some in stock now. Raises NoCapacity where none has any of the types.

        Stock is told by the GPU, whatever the number in one pod: eight of a kind may be refused where one is to be had.
        """
        include = {"include": "GPU_AVAILABILITY,CPU_AVAILABILITY"}
        centers = self._api.listed("/catalog/datacenters", "dataCenters", include)
        sold = {one["id"] for center in centers for one in center.get("gpuAvailability") or ()}
        found = {kind: sorted(c["id"] for c in centers if _has(c, kind, sold)) for kind in types}
        if not any(found.values()):
            raise NoCapacity(f"RunPod has no room for {' or '.join(types)} in any data center now")
        return found


def _has(center: Mapping[str, Any], kind: str, sold: set[str]) -> bool:
    wished = gpus.parse(kind)
    if wished is None:
        return False
    named = wished.flavor if isinstance(wished, gpus.Cpu) else gpus.id_of(wished.word, sold)
    stock = center.get("cpuAvailability" if isinstance(wished, gpus.Cpu) else "gpuAvailability") or ()
    return any(one["id"] == named and one["availability"] != "NONE" for one in stock)
