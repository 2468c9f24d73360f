"""What was made for machines and is used by none: firewall rules and tasks by their names, and disks by their labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from im.domain.scope import Scope
from im.domain.spec.spec import Spec
from im.providers.errors import NotFound, ProviderError, Unavailable, WrongState
from im.providers.features import Resource
from im.providers.gcp.api import GcpApi, last
from im.providers.gcp.deadline_guard import KIND, TasksGuard
from im.providers.gcp.labels import KEEP, deployment_filter
from im.providers.gcp.launch.firewalls import rules_of, scope_prefix, wall_of
from im.providers.gcp.listing import everywhere
from im.providers.gcp.places import region_of

RULE, DISK = "firewall rule", "disk"
_YOUNG = timedelta(hours=1)
"""A disk this young may be waiting for the machine that it was made for."""


def region_of_spec(spec: Spec) -> str:
    return region_of(spec.zone) or str(spec.provider_options.get("region", ""))


class Leftovers:
    def __init__(self, api: GcpApi, deployment: str, guard: TasksGuard) -> None:
        self._api, self._deployment, self._guard = api, deployment, guard

    def found(self, scope: Scope) -> Sequence[Resource]:
        rules = rules_of(self._api, scope_prefix(self._deployment, scope.region))
        worn = self._worn() if rules else frozenset()
        things = []
        for one in rules:
            worn_here = any(tag in worn for tag in one.get("targetTags") or [])
            detail = f"{'refuses the rest' if 'denied' in one else ', '.join(one.get('sourceRanges') or [])}"
            things.append(Resource(RULE, f"{RULE}/{one['name']}", one["name"], detail[:200], used=worn_here))
        return [*things, *self._disks(scope), *self._guard.left(scope)]

    def _worn(self) -> frozenset[str]:
        """Network tags of every machine of the project, whoever's it is."""
        tags: set[str] = set()
        for page in everywhere(self._api, "instances", "tags/items"):
            if page.unseen:
                raise Unavailable("Google Cloud does not show every zone now, and a machine there may use the rules")
            tags |= {tag for one in page.things for tag in (one.get("tags") or {}).get("items") or []}
        return frozenset(tags)

    def _disks(self, scope: Scope) -> Iterator[Resource]:
        """Those that no machine has, and that nobody asked to be kept."""
        wanted = deployment_filter(self._deployment, region=scope.region)
        fields = "name,zone,sizeGb,type,labels,users,creationTimestamp"
        for page in everywhere(self._api, "disks", fields, wanted):
            for one in page.things:
                made, now = datetime.fromisoformat(one["creationTimestamp"]), page.date or datetime.now(UTC)
                if one.get("users") or KEEP in (one.get("labels") or {}) or now - made < _YOUNG:
                    continue
                zone = last(one["zone"])
                detail = f"{one.get('sizeGb')} GB {last(one.get('type'))} in {zone}"
                yield Resource(DISK, f"{DISK}/{zone}/{one['name']}", one["name"], detail, used=False)

    def needed_by(self, spec: Spec) -> frozenset[str]:
        if spec.firewall is None:
            return frozenset()
        network = str(spec.provider_options.get("network", ""))
        return frozenset(wall_of(self._deployment, region_of_spec(spec), network, spec.firewall).rules)

    def discard(self, scope: Scope, things: Sequence[Resource]) -> Mapping[str, ProviderError]:
        failed = self._guard.discard(scope, [one for one in things if one.kind == KIND])
        things = [one for one in things if one.kind != KIND]
        there = {one.id: one for one in self.found(scope)} if things else {}
        for one in (there[thing.id] for thing in things if thing.id in there):
            try:
                if one.used:
                    raise WrongState(f"a machine still uses the {one.kind} {one.name}")
                self._api.send("DELETE", _path(one))
            except NotFound:
                continue
            except ProviderError as exc:
                failed[one.id] = exc
        return failed


def _path(one: Resource) -> str:
    _, _, rest = one.id.partition("/")
    if one.kind == RULE:
        return f"/global/firewalls/{rest}"
    zone, _, name = rest.partition("/")
    return f"/zones/{zone}/disks/{name}"
