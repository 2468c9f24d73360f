"""What DigitalOcean can do beyond the nine verbs: adoption and marks by tag, regions with room, and what is left lying."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import quote

from im.domain import tags
from im.domain.adoption import Controller
from im.domain.scope import Scope
from im.domain.sighting import Sighting
from im.domain.spec.spec import Spec
from im.providers.contract import Slot
from im.providers.digitalocean.api import DigitalOceanApi
from im.providers.digitalocean.resources import ensure_tag, firewall_name, key_name
from im.providers.digitalocean.tags import flat, read
from im.providers.errors import NotFound, ProviderError
from im.providers.features import Resource
from im.providers.kit.discarding import discard, path_to
from im.providers.kit.names import prefix
from im.providers.machine import Machine

KEY, FIREWALL = "SSH key", "firewall"
_PATHS = {KEY: "/account/keys", FIREWALL: "/firewalls"}


class Adoption:
    def __init__(self, api: DigitalOceanApi, deployment: str) -> None:
        self._api, self._deployment = api, deployment

    def controller(self, seen: Sighting) -> Controller | None:
        """DigitalOcean's Kubernetes tags its nodes, and puts new ones in the place of those that are gone."""
        if "k8s" in seen.tags:
            return Controller(
                "a Kubernetes cluster of DigitalOcean's", "replaces a node that is stopped", "Scale it there"
            )
        return None

    def take(self, scope: Scope, machine: Machine, slot: Slot, owner: str) -> None:
        """Tags are added one by one, ours of the deployment last: whoever sees that sees the others."""
        carried = self._api.get(f"/droplets/{machine.id}").body["droplet"]["tags"]
        said = {tags.INSTANCE: slot.instance_id, tags.OWNER: owner, tags.DEPLOYMENT: self._deployment}
        fresh = [flat(key, value) for key, value in said.items()]
        for old in carried:
            if old not in fresh and set(read([old])) & {tags.INSTANCE, tags.OWNER}:
                _untag(self._api, machine, old)
        for one in fresh:
            if one not in carried:
                ensure_tag(self._api, one)
                tag_droplet(self._api, machine, one)


class Marks:
    """A mark is a tag of its own for each move: the new one is put on, and then the old one is taken out of the team's list."""

    def __init__(self, api: DigitalOceanApi, deployment: str) -> None:
        self._api, self._deployment = api, deployment

    def put(self, scope: Scope, machine: Machine, value: str) -> None:
        carried = self._api.get(f"/droplets/{machine.id}").body["droplet"]["tags"]
        fresh = flat(tags.MARK, value)
        ensure_tag(self._api, fresh)
        tag_droplet(self._api, machine, fresh)
        for old in carried:
            if old != fresh and tags.MARK in read([old]):
                try:
                    self._api.send("DELETE", f"/tags/{quote(old, safe='')}")
                except NotFound:
                    continue

    def read(self, scope: Scope) -> Mapping[str, str]:
        """By the ordinary listing: a droplet with a GPU is never told from others by a tag there, and looked for beside."""
        ours = flat(tags.DEPLOYMENT, self._deployment)
        found = [
            *self._api.all("/droplets", "droplets", tag_name=ours),
            *(one for one in self._api.all("/droplets", "droplets", type="gpus") if ours in one["tags"]),
        ]
        said = {str(one["id"]): read(one["tags"]) for one in found}
        return {number: told[tags.MARK] for number, told in said.items() if tags.MARK in told}


class Regions:
    def __init__(self, api: DigitalOceanApi) -> None:
        self._api = api

    def offering(self, scope: Scope, spec: Spec, types: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """Where a size is sold; whether it has run out there, only a create tells."""
        sizes = {one["slug"]: one for one in self._api.all("/sizes", "sizes") if one["available"]}
        return {one: sorted(sizes[one]["regions"]) if one in sizes else [] for one in types}


class Leftovers:
    """Keys and firewalls with our name that no droplet uses. Tags are not among them: one that shows on nothing may belong to a
    droplet that is just being made."""

    def __init__(self, api: DigitalOceanApi, deployment: str) -> None:
        self._api, self._deployment = api, deployment

    def found(self, scope: Scope) -> Sequence[Resource]:
        return [*self._keys(), *self._firewalls()]

    def _keys(self) -> Iterator[Resource]:
        """A key is only copied into a droplet at its creation: nothing at DigitalOcean uses it afterwards."""
        for one in self._api.all("/account/keys", "ssh_keys"):
            if one["name"].startswith(prefix(self._deployment)):
                yield Resource(KEY, f"{KEY}/{one['id']}", one["name"], one["fingerprint"], used=False)

    def _firewalls(self) -> Iterator[Resource]:
        for one in self._api.all("/firewalls", "firewalls"):
            if one["name"].startswith(prefix(self._deployment)):
                used = bool(one.get("droplet_ids")) or any(self._carried(tag) for tag in one.get("tags") or ())
                detail = f"{len(one.get('inbound_rules') or ())} rules"
                yield Resource(FIREWALL, f"{FIREWALL}/{one['id']}", one["name"], detail, used=used)

    def _carried(self, tag: str) -> bool:
        """By a droplet, whoever's it is."""
        try:
            return bool(self._api.get(f"/tags/{quote(tag, safe='')}").body["tag"]["resources"]["droplets"]["count"])
        except NotFound:
            return False

    def needed_by(self, spec: Spec) -> frozenset[str]:
        rules = spec.firewall
        key = {key_name(self._deployment, spec.public_key)} if spec.public_key else set()
        return frozenset(key | ({firewall_name(self._deployment, rules)} if rules is not None else set()))

    def discard(self, scope: Scope, things: Sequence[Resource]) -> Mapping[str, ProviderError]:
        return discard(self.found(scope), things, "droplet", lambda one: self._api.send("DELETE", path_to(_PATHS, one)))


def tag_droplet(api: DigitalOceanApi, machine: Machine, tag: str) -> None:
    named = {"resources": [{"resource_id": machine.id, "resource_type": "droplet"}]}
    api.send("POST", f"/tags/{quote(tag, safe='')}/resources", named)


def _untag(api: DigitalOceanApi, machine: Machine, tag: str) -> None:
    named = {"resources": [{"resource_id": machine.id, "resource_type": "droplet"}]}
    try:
        api.send("DELETE", f"/tags/{quote(tag, safe='')}/resources", named)
    except NotFound:
        return
