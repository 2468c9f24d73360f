"""What Lambda can do beyond the nine verbs: an orphan of ours is taken in by its name, regions with room, what is left lying."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from im.domain import tags
from im.domain.adoption import Controller
from im.domain.scope import Scope
from im.domain.sighting import Sighting
from im.domain.spec.spec import Spec
from im.providers.contract import Slot
from im.providers.errors import NoCapacity, ProviderError, Unsupported
from im.providers.features import Resource
from im.providers.kit.discarding import discard, path_to
from im.providers.kit.marked_name import remarked
from im.providers.kit.names import prefix
from im.providers.lambda_cloud.api import LambdaApi
from im.providers.lambda_cloud.instances import sighting
from im.providers.lambda_cloud.profile import UNGUARDED
from im.providers.lambda_cloud.resources import firewall_name, key_name
from im.providers.machine import Machine

KEY, FIREWALL = "SSH key", "firewall ruleset"
_PATHS = {KEY: "/ssh-keys", FIREWALL: "/firewall-rulesets"}


class Adoption:
    """Tags cannot be changed, and a name can: so what we launched becomes another row's by its name, and nothing else does."""

    def __init__(self, api: LambdaApi, deployment: str) -> None:
        self._api, self._deployment = api, deployment

    def controller(self, seen: Sighting) -> Controller | None:
        return None

    def take(self, scope: Scope, machine: Machine, slot: Slot, owner: str) -> None:
        shown = self._api.get(f"/instances/{machine.id}")
        said = sighting(shown, self._deployment).tags
        if said.get(tags.DEPLOYMENT) != self._deployment:
            raise Unsupported("Lambda's tags cannot be changed, so im takes in there only what it has launched")
        name = remarked(str(shown.get("name") or ""), slot.instance_id, self._deployment, said.get(tags.LAUNCH, "x"))
        if name != shown.get("name"):
            self._api.post(f"/instances/{machine.id}", {"name": name})


class Regions:
    def __init__(self, api: LambdaApi) -> None:
        self._api = api

    def offering(self, scope: Scope, spec: Spec, types: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """Where there is room now: Lambda lists no others. Raises NoCapacity when there is none for any of the types."""
        told = self._api.get("/instance-types")
        found = {one: sorted(room(told, one) - self._closed(spec)) for one in types}
        if not any(found.values()) and any(one in told for one in types):
            raise NoCapacity(f"Lambda has no room for {' or '.join(types)} in any region now")
        return found

    @staticmethod
    def _closed(spec: Spec) -> set[str]:
        """Regions in which the rules of that spec would not hold."""
        return {UNGUARDED} if spec.firewall is not None else set()


def room(told: Mapping[str, Mapping[str, Sequence[Mapping[str, str]]]], kind: str) -> set[str]:
    return {one["name"] for one in told[kind]["regions_with_capacity_available"]} if kind in told else set()


class Leftovers:
    """Keys and rulesets with our name that no machine uses. Filesystems are people's own, and never touched."""

    def __init__(self, api: LambdaApi, deployment: str) -> None:
        self._api, self._deployment = api, deployment

    def found(self, scope: Scope) -> Sequence[Resource]:
        ours = prefix(self._deployment)
        keys = [one for one in self._api.get("/ssh-keys") if one["name"].startswith(ours)]
        walls = [one for one in self._api.get("/firewall-rulesets") if one["name"].startswith(ours)]
        # Lambda copies a key into a machine as it is made: nothing uses it afterwards
        return [
            *(Resource(KEY, f"{KEY}/{one['id']}", one["name"], "", used=False) for one in keys),
            *(
                Resource(
                    *(FIREWALL, f"{FIREWALL}/{one['id']}", one["name"], f"{len(one['rules'])} rules"),
                    used=bool(one["instance_ids"]),
                )
                for one in walls
            ),
        ]

    def needed_by(self, spec: Spec) -> frozenset[str]:
        rules = spec.firewall
        key = {key_name(self._deployment, spec.public_key)} if spec.public_key else set()
        wall = {firewall_name(self._deployment, rules, spec.zone)} if rules is not None else set()
        return frozenset(key | wall)

    def discard(self, scope: Scope, things: Sequence[Resource]) -> Mapping[str, ProviderError]:
        return discard(
            self.found(scope) if things else (), things, "machine", lambda one: self._api.delete(path_to(_PATHS, one))
        )
