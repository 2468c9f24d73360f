"""Services, as far as one reads of them where a machine is reached: ports of nodes, and load balancers that take their time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from im.standins.kubernetes.errors import invalid

if TYPE_CHECKING:
    from im.standins.kubernetes.cluster import Cluster

KINDS = ("ClusterIP", "NodePort", "LoadBalancer")
_FIRST, _LAST = 30000, 32767


def admit(cluster: Cluster, made: dict[str, Any]) -> None:
    """Give it what a server gives: an address inside, and a port of every node."""
    name, spec = made["metadata"]["name"], made.get("spec") or {}
    if spec.get("type", "ClusterIP") not in KINDS:
        raise invalid("Service", name, "spec.type", f'Unsupported value: "{spec.get("type")}"')
    if not spec.get("ports"):
        raise invalid("Service", name, "spec.ports", "Required value")
    number = cluster.version
    spec["clusterIP"] = f"10.96.{number // 250 % 250}.{1 + number % 250}"
    if spec.get("type") in KINDS[1:]:
        taken = {port.get("nodePort") for one in cluster.all("services", "") for port in one["spec"]["ports"]}
        free = (port for port in range(_FIRST, _LAST + 1) if port not in taken)
        for port in spec["ports"]:
            port.setdefault("nodePort", next(free))
    made["status"] = {"loadBalancer": {}}


def settle(cluster: Cluster, service: dict[str, Any]) -> None:
    """A load balancer has its address once the cloud below has made one."""
    meta = service["metadata"]
    due = cluster.due.setdefault(meta["uid"], cluster.now + cluster.takes)
    if service["spec"].get("type") == "LoadBalancer" and not service["status"]["loadBalancer"] and due <= cluster.now:
        given = cluster.balancers or {"ip": f"203.0.113.{1 + cluster.version % 250}"}
        service["status"]["loadBalancer"] = {"ingress": [dict(given)]}
        cluster.changed(service)
