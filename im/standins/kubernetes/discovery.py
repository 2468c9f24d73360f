"""What a client that knows no kinds asks first: which there are, and what they are called. kubectl does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request

from im.standins.kubernetes.cluster import CLASSES, KINDS, NAMESPACES, NODES, Cluster

if TYPE_CHECKING:
    from im.standins.kubernetes.service import Kubernetes

_OF_THE_CLUSTER = (NAMESPACES, NODES)
_VERBS = ["create", "delete", "deletecollection", "get", "list", "patch"]


def register(service: Kubernetes) -> None:
    for place, call in (("/api", versions), ("/apis", groups), ("/api/v1", resources)):
        service.handle("GET", place, call)


def versions(cluster: Cluster, request: Request) -> tuple[int, Any]:
    return 200, {"kind": "APIVersions", "versions": ["v1"]}


def groups(cluster: Cluster, request: Request) -> tuple[int, Any]:
    return 200, {"kind": "APIGroupList", "apiVersion": "v1", "groups": []}


def resources(cluster: Cluster, request: Request) -> tuple[int, Any]:
    found = [_named(what, kind) for what, kind in KINDS.items() if what != CLASSES]
    found.append(
        {
            "name": "pods/exec",
            "singularName": "",
            "namespaced": True,
            "kind": "PodExecOptions",
            "verbs": ["create", "get"],
        }
    )
    return 200, {"kind": "APIResourceList", "groupVersion": "v1", "resources": found}


def _named(what: str, kind: str) -> dict[str, Any]:
    inside = what not in _OF_THE_CLUSTER
    return {"name": what, "singularName": kind.lower(), "namespaced": inside, "kind": kind, "verbs": _VERBS}
