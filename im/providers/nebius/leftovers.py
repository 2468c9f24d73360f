"""What was made for machines and is used by none: security groups, and disks with our labels that no machine has.

A machine's own disks go with it; one is left where Nebius could not delete it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from im.domain import tags
from im.domain.scope import Scope
from im.domain.spec.spec import Spec
from im.providers.errors import ProviderError
from im.providers.features import Resource
from im.providers.kit.discarding import discard
from im.providers.kit.names import prefix
from im.providers.nebius.api import NebiusApi
from im.providers.nebius.features import listed
from im.providers.nebius.projects import Projects
from im.providers.nebius.sdk import part
from im.providers.nebius.security_groups import GROUPS, RULES, group_name, rules_of
from im.providers.nebius.tags import CODEC

DISK, GROUP = "disk", "security group"
YOUNG = timedelta(hours=1)
"""A disk this young may be waiting for the machine that it was made for."""
_DISKS = "compute.v1.DiskService"


class Leftovers:
    def __init__(self, api: NebiusApi, projects: Projects, deployment: str, clock: Callable[[], datetime]) -> None:
        self._api, self._projects, self._deployment, self._clock = api, projects, deployment, clock

    def found(self, scope: Scope) -> Sequence[Resource]:
        things: list[Resource] = []
        for region, project in self._projects.by_region().items():
            things += [*self._groups(project, region), *self._disks(project, region)]
        return things

    def _groups(self, project: str, region: str) -> Iterator[Resource]:
        request, answer = "ListSecurityGroupsRequest", "ListSecurityGroupsResponse"
        groups = self._api.items(f"{GROUPS}/List", request, answer, parent_id=project)
        ours = [one.metadata for one in groups if one.metadata.name.startswith(prefix(self._deployment))]
        used = self._worn(project) if ours else frozenset()
        for one in ours:
            yield Resource(GROUP, f"{GROUP}/{one.id}", one.name, f"in {region}", used=one.id in used)

    def _worn(self, project: str) -> frozenset[str]:
        """By machines of the project, whoever's they are."""
        nets = (net for one in listed(self._api, project) for net in one.spec.network_interfaces)
        return frozenset(group.id for net in nets for group in net.security_groups)

    def _disks(self, project: str, region: str) -> Iterator[Resource]:
        ours, now = CODEC.labels({tags.DEPLOYMENT: self._deployment}).items(), self._clock()
        for one in self._api.items(f"{_DISKS}/List", "ListDisksRequest", "ListDisksResponse", parent_id=project):
            about, status = one.metadata, one.status
            attached = status.read_write_attachment or list(status.read_only_attachments)
            if attached or not ours <= about.labels.items() or now - about.created_at < YOUNG:
                continue
            detail = f"{status.size_bytes // 2**30} GB in {region}"
            yield Resource(DISK, f"{DISK}/{about.id}", about.name, detail, used=False)

    def needed_by(self, spec: Spec) -> frozenset[str]:
        return frozenset() if spec.firewall is None else frozenset({group_name(self._deployment, spec.firewall)})

    def discard(self, scope: Scope, things: Sequence[Resource]) -> Mapping[str, ProviderError]:
        return discard(self.found(scope) if things else (), things, "machine", self._delete)

    def _delete(self, one: Resource) -> None:
        """A group's rules before the group; one that lost them alone is completed when it is next needed, or found again."""
        which = one.id.rpartition("/")[2]
        if one.kind == DISK:
            self._api.change(f"{_DISKS}/Delete", part("compute.v1").DeleteDiskRequest(id=which))
            return
        vpc = part("vpc.v1")
        for rule in rules_of(self._api, which):
            self._api.change(f"{RULES}/Delete", vpc.DeleteSecurityRuleRequest(id=rule.metadata.id))
        self._api.change(f"{GROUPS}/Delete", vpc.DeleteSecurityGroupRequest(id=which))
