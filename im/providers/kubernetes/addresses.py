"""Where a machine with a Service is reached from outside: a load balancer's own address, or a port of the node that it runs on."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from time import monotonic

from im.providers.errors import Forbidden, NotFound
from im.providers.kubernetes import labels
from im.providers.kubernetes.api import NODES, SERVICES, KubernetesApi, Shown

_FRESH = 600.0
"""Seconds that a node's address is believed."""


@dataclass(frozen=True, slots=True)
class Address:
    host: str
    port: int

    @property
    def ip(self) -> str | None:
        """None for the name that some load balancers have instead."""
        try:
            return str(ipaddress.ip_address(self.host))
        except ValueError:
            return None


class Addresses:
    """Of one cluster. Services are listed where a claim says that there is one, and not otherwise."""

    def __init__(self, api: KubernetesApi) -> None:
        self._api = api
        self._lock = Lock()
        self._nodes: dict[str, tuple[float, str]] = {}

    def of(
        self, namespace: str, claims: Mapping[str, Shown], pods: Mapping[str, Shown], selector: str
    ) -> dict[str, Address]:
        """By machine, of those that have one by now."""
        exposed = [name for name, one in claims.items() if labels.EXPOSE in (one["metadata"].get("annotations") or {})]
        if not exposed:
            return {}
        services = {str(one["metadata"]["name"]): one for one in self._api.all(namespace, SERVICES, selector)}
        found = {name: self._of(services[name], pods.get(name)) for name in exposed if name in services}
        return {name: address for name, address in found.items() if address is not None}

    def _of(self, service: Shown, pod: Shown | None) -> Address | None:
        spec = service["spec"]
        port: Shown = next(iter(spec.get("ports") or []), {})
        if spec.get("type") == "LoadBalancer":
            given = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
            host = str(given[0].get("ip") or given[0].get("hostname") or "") if given else ""
            return Address(host, int(port.get("port", 22))) if host else None
        node = str(((pod or {}).get("spec") or {}).get("nodeName") or "")
        if not node or not port.get("nodePort"):
            return None
        inside = str(((pod or {}).get("status") or {}).get("hostIP") or "")
        host = self._of_node(node) or inside
        return Address(host, int(port["nodePort"])) if host else None

    def _of_node(self, name: str) -> str:
        """Its address outside, where it has one and nodes may be listed."""
        with self._lock:
            at, known = self._nodes.get(name, (-_FRESH, ""))
        if monotonic() - at < _FRESH:
            return known
        try:
            nodes = self._api.all("", NODES, fields=f"metadata.name={name}")
        except (Forbidden, NotFound):
            nodes = []
        told = [one for node in nodes for one in (node.get("status") or {}).get("addresses") or []]
        found = next((str(one["address"]) for one in told if one.get("type") == "ExternalIP"), "")
        with self._lock:
            self._nodes[name] = (monotonic(), found)
        return found
