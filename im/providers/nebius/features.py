"""What Nebius can do beyond the nine verbs: adoption and marks by label, regions that sell a type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from im.domain import tags
from im.domain.adoption import Controller
from im.domain.scope import Scope
from im.domain.sighting import Sighting
from im.domain.spec.spec import Spec
from im.providers.contract import Slot
from im.providers.errors import Forbidden, NoCapacity, NotFound, Unsupported
from im.providers.machine import Machine
from im.providers.nebius.api import NebiusApi
from im.providers.nebius.profile import is_machine
from im.providers.nebius.projects import Projects
from im.providers.nebius.sdk import part
from im.providers.nebius.tags import CODEC

_INSTANCES = "compute.v1.InstanceService"


def get(api: NebiusApi, machine: Machine) -> Any:
    """Raises NotFound, also for what is no id of Nebius'."""
    if not is_machine(machine.id):
        raise NotFound(f"Nebius has no machine {machine.id[:40]}")
    return api.get(f"{_INSTANCES}/Get", "GetInstanceRequest", "Instance", id=machine.id)


def listed(api: NebiusApi, project: str) -> Iterator[Any]:
    return api.items(f"{_INSTANCES}/List", "ListInstancesRequest", "ListInstancesResponse", parent_id=project)


def _label(api: NebiusApi, machine: Machine, said: Mapping[str, str]) -> None:
    """The whole is read, changed and sent, on the condition that nobody else has changed it meanwhile."""
    one = get(api, machine)
    about = one.metadata
    changed = part("common.v1").ResourceMetadata(
        id=about.id,
        parent_id=about.parent_id,
        name=about.name,
        resource_version=about.resource_version,
        labels={**about.labels, **CODEC.labels(said)},
    )
    api.change(f"{_INSTANCES}/Update", part("compute.v1").UpdateInstanceRequest(metadata=changed, spec=one.spec))


class Adoption:
    def __init__(self, api: NebiusApi, deployment: str) -> None:
        self._api, self._deployment = api, deployment

    def controller(self, seen: Sighting) -> Controller | None:
        return None

    def take(self, scope: Scope, machine: Machine, slot: Slot, owner: str) -> None:
        ours = {tags.DEPLOYMENT: self._deployment, tags.INSTANCE: slot.instance_id, tags.OWNER: owner}
        _label(self._api, machine, ours)


class Marks:
    def __init__(self, api: NebiusApi, projects: Projects, deployment: str) -> None:
        self._api, self._projects, self._deployment = api, projects, deployment

    def put(self, scope: Scope, machine: Machine, value: str) -> None:
        _label(self._api, machine, {tags.MARK: value})

    def read(self, scope: Scope) -> Mapping[str, str]:
        ours, mark = CODEC.labels({tags.DEPLOYMENT: self._deployment}).items(), CODEC.key(tags.MARK)
        found = {}
        for project in self._projects.by_region().values():
            for one in listed(self._api, project):
                if ours <= one.metadata.labels.items() and mark in one.metadata.labels:
                    found[one.metadata.id] = one.metadata.labels[mark]
        return found


class Regions:
    def __init__(self, api: NebiusApi, projects: Projects) -> None:
        self._api, self._projects = api, projects

    def offering(self, scope: Scope, spec: Spec, types: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """Where a type is sold to one of our projects, less those of which Nebius says that there is no room at all."""
        sold: dict[str, list[str]] = {one: [] for one in types}
        for region, project in self._projects.by_region().items():
            for kind in self._sold(project):
                if kind in sold:
                    sold[kind].append(region)
        full = self._full() if any(one.startswith("gpu-") for one in types) else frozenset()
        found = {kind: sorted(r for r in regions if (kind, r) not in full) for kind, regions in sold.items()}
        if any(sold.values()) and not any(found.values()):
            raise NoCapacity(f"Nebius has no room for {' or '.join(types)} in any region of this account now")
        return found

    def _sold(self, project: str) -> Iterator[str]:
        rpc = "compute.v1.PlatformService/List"
        for platform in self._api.items(rpc, "ListPlatformsRequest", "ListPlatformsResponse", parent_id=project):
            for preset in platform.spec.presets:
                yield f"{platform.metadata.name}_{preset.name}"

    def _full(self) -> frozenset[tuple[str, str]]:
        """By its advice on capacity, which a service account may not be allowed to see. Fabrics of a region are told apart."""
        rpc, tenant = "capacity.v1.ResourceAdviceService/List", self._projects.tenant()
        room: dict[tuple[str, str], bool] = {}
        try:
            told = self._api.items(rpc, "ListResourceAdviceRequest", "ListResourceAdviceResponse", parent_id=tenant)
            for one in told:
                details = one.spec.compute_instance
                if details is not None:
                    # `us-central1-b` is a part of us-central1
                    region = "-".join(one.spec.region.split("-")[:2])
                    at = (f"{details.platform}_{details.preset.name}", region)
                    level = one.status.on_demand.availability_level.name
                    room[at] = room.get(at, False) or not level.endswith("LIMIT_REACHED")
        except (Forbidden, NotFound, Unsupported):
            return frozenset()
        return frozenset(at for at, some in room.items() if not some)
