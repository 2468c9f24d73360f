"""What Hetzner can do beyond the nine verbs: protection, adoption by label, locations, prices, and what is left lying."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from im.domain import tags
from im.domain.adoption import Controller
from im.domain.money.bill import IPV4, Item, Price, disk_item, monthly_item
from im.domain.scope import Scope
from im.domain.shelf.snapshot import SNAPSHOT
from im.domain.sighting import Sighting
from im.domain.spec.spec import Spec
from im.providers.contract import Slot
from im.providers.errors import ProviderError
from im.providers.features import Resource
from im.providers.hetzner.addresses import name_of
from im.providers.hetzner.api import HetznerApi
from im.providers.hetzner.resources import firewall_name, key_name
from im.providers.hetzner.servers import CODEC, path_of
from im.providers.kit.currency import in_usd
from im.providers.kit.discarding import discard, path_to
from im.providers.kit.names import prefix
from im.providers.machine import Machine

KEY, FIREWALL, ADDRESS = "SSH key", "firewall", "primary IP"
_PATHS = {KEY: "/ssh_keys", FIREWALL: "/firewalls", ADDRESS: "/primary_ips"}


_CONTROLLERS = {
    "hcloud/node-group": "the autoscaler's group",
    "caph-cluster-name": "the Cluster API cluster",
    "cluster": "the Kubernetes cluster",
}
"""Labels that the Kubernetes autoscaler, Cluster API's provider and kube-hetzner put on their servers."""


class Adoption:
    def __init__(self, api: HetznerApi, deployment: str) -> None:
        self._api, self._deployment = api, deployment

    def controller(self, seen: Sighting) -> Controller | None:
        """Kubernetes' cloud controller and autoscaler label what is theirs."""
        for label, who in _CONTROLLERS.items():
            if label in seen.tags:
                return Controller(f"{who} {seen.tags[label]}", "replaces a server that is stopped", "Scale it there")
        return None

    def take(self, scope: Scope, machine: Machine, slot: Slot, owner: str) -> None:
        """Labels are replaced as a whole, so they are read, merged and written; whose it is then is read again by the caller."""
        server = self._api.get(f"/servers/{machine.id}").body["server"]
        ours = {tags.DEPLOYMENT: self._deployment, tags.INSTANCE: slot.instance_id, tags.OWNER: owner}
        self._api.send("PUT", f"/servers/{machine.id}", {"labels": {**server["labels"], **CODEC.labels(ours)}})


class Marks:
    def __init__(self, api: HetznerApi, deployment: str) -> None:
        self._api, self._deployment = api, deployment

    def put(self, scope: Scope, machine: Machine, value: str) -> None:
        """Labels are replaced as a whole, so they are read, merged and written."""
        server = self._api.get(f"/servers/{machine.id}").body["server"]
        labels = {**server["labels"], **CODEC.labels({tags.MARK: value})}
        self._api.send("PUT", f"/servers/{machine.id}", {"labels": labels})

    def read(self, scope: Scope) -> Mapping[str, str]:
        ours = ",".join(f"{key}={value}" for key, value in CODEC.labels({tags.DEPLOYMENT: self._deployment}).items())
        mark = CODEC.key(tags.MARK)
        found = self._api.all("/servers", "servers", label_selector=f"{ours},{mark}")
        return {str(one["id"]): one["labels"][mark] for one in found}


class Protection:
    def __init__(self, api: HetznerApi) -> None:
        self._api = api

    def set(self, scope: Scope, machines: Sequence[Machine], *, on: bool) -> Mapping[str, ProviderError]:
        failed: dict[str, ProviderError] = {}
        for one in machines:
            try:
                body = {"delete": on, "rebuild": on}  # Hetzner wants both alike
                self._api.send("POST", f"{path_of(one)}/actions/change_protection", body)
            except ProviderError as exc:
                failed[one.id] = exc
        return failed


class Locations:
    def __init__(self, api: HetznerApi) -> None:
        self._api = api

    def offering(self, scope: Scope, spec: Spec, types: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """Where a type is sold and has room now, as Hetzner tells it."""
        found: dict[str, list[str]] = {one: [] for one in types}
        for one in self._api.all("/server_types", "server_types"):
            if one["name"] in found:
                places = [p["name"] for p in one["locations"] if p.get("available", True) and not p.get("deprecation")]
                found[one["name"]] = sorted(places)
        return found


class Prices:
    """Net, in the currency of the project's owner, converted; the address is an item of its own, the disk is included."""

    def __init__(self, api: HetznerApi) -> None:
        self._api = api

    def fetch(
        self, scope: Scope, items: Sequence[Item], since: datetime | None = None
    ) -> Mapping[Item, Sequence[Price]]:
        listed = self._api.get("/pricing").body["pricing"]
        now = datetime.now(UTC)
        priced = [(one["name"], one["prices"]) for one in listed["server_types"]]
        priced += [(IPV4, one["prices"]) for one in listed["primary_ips"] if one["type"] == "ipv4"]
        told = {name: _dearest(prices, "price_hourly") for name, prices in priced}
        told[disk_item(SNAPSHOT)] = Decimal(listed["image"]["price_per_gb_month"]["net"])
        told |= {monthly_item(name): _dearest(prices, "price_monthly") for name, prices in priced}
        found: dict[Item, Sequence[Price]] = {}
        for item in items:
            net = told.get(item.name)
            if net is not None and (converted := in_usd(net, listed["currency"])) is not None:
                usd, how = converted
                found[item] = (Price(usd, now, f"Hetzner's price list of {now:%Y-%m-%d}, {how}"),)
            elif item.name == "disk:included":
                found[item] = (Price(Decimal(0), now, "in the price of the server"),)
        return found


def _dearest(prices: Sequence[dict[str, Any]], per: str) -> Decimal:
    """Locations differ by little: a budget must not be surprised."""
    return max(Decimal(one[per]["net"]) for one in prices)


class Leftovers:
    """Keys, firewalls and addresses with our label that no server uses."""

    def __init__(self, api: HetznerApi, deployment: str) -> None:
        self._api, self._deployment = api, deployment

    def found(self, scope: Scope) -> Sequence[Resource]:
        selector = f"{CODEC.key(tags.DEPLOYMENT)}={self._deployment}"
        things = [*self._named(KEY, "ssh_keys", selector), *self._named(FIREWALL, "firewalls", selector)]
        things += [
            Resource(ADDRESS, f"{ADDRESS}/{one['id']}", name_of(one), one["ip"], used=one["assignee_id"] is not None)
            for one in self._api.all("/primary_ips", "primary_ips", label_selector=selector)
        ]
        return things

    def _named(self, kind: str, name: str, selector: str) -> Iterator[Resource]:
        for one in self._api.all(_PATHS[kind], name, label_selector=selector):
            if one["name"].startswith(prefix(self._deployment)):
                detail = one.get("fingerprint") or f"{len(one.get('rules', ()))} rules"
                # a key is only copied into a server at its creation: nothing at Hetzner uses it afterwards
                yield Resource(kind, f"{kind}/{one['id']}", one["name"], detail, used=bool(one.get("applied_to")))

    def needed_by(self, spec: Spec) -> frozenset[str]:
        rules = spec.firewall
        key = {key_name(self._deployment, spec.public_key)} if spec.public_key else set()
        return frozenset(key | ({firewall_name(self._deployment, rules)} if rules is not None else set()))

    def discard(self, scope: Scope, things: Sequence[Resource]) -> Mapping[str, ProviderError]:
        return discard(self.found(scope), things, "server", lambda one: self._api.send("DELETE", path_to(_PATHS, one)))
