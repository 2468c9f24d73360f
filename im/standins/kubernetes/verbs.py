"""The verbs of an API server: get, list, create, patch, delete, and delete of all that a selector names."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request

from im.standins.kubernetes import admission, network
from im.standins.kubernetes.answers import chosen, listed
from im.standins.kubernetes.cluster import (
    CLAIMS,
    CLASSES,
    EVENTS,
    KINDS,
    NAMESPACES,
    NODES,
    PODS,
    PROTECTED,
    QUOTAS,
    SECRETS,
    SERVICES,
    Cluster,
)
from im.standins.kubernetes.errors import forbidden, no, not_found, status

if TYPE_CHECKING:
    from im.standins.kubernetes.service import Kubernetes

_IN_NAMESPACE = (PODS, CLAIMS, SECRETS, SERVICES, QUOTAS, EVENTS)
_METADATA_ONLY = ("labels", "annotations")


def register(service: Kubernetes) -> None:
    for what in _IN_NAMESPACE:
        place = f"/api/v1/namespaces/<namespace>/{what}"
        service.handle("GET", place, list_all, what=what)
        service.handle("POST", place, create, what=what)
        service.handle("DELETE", place, delete_all, what=what)
        service.handle("GET", f"{place}/<name>", get, what=what)
        service.handle("PATCH", f"{place}/<name>", patch, what=what)
        service.handle("DELETE", f"{place}/<name>", delete, what=what)
        service.handle("GET", f"/api/v1/{what}", list_all, what=what, namespace="")
    for what, place in ((NODES, "/api/v1/nodes"), (CLASSES, "/apis/storage.k8s.io/v1/storageclasses")):
        service.handle("GET", place, list_all, what=what, namespace="")
        service.handle("GET", f"{place}/<name>", get, what=what, namespace="")
    service.handle("GET", "/api/v1/namespaces", list_all, what=NAMESPACES, namespace="")
    service.handle("POST", "/api/v1/namespaces", create, what=NAMESPACES, namespace="")
    service.handle("GET", "/api/v1/namespaces/<name>", get, what=NAMESPACES, namespace="")
    service.handle("DELETE", "/api/v1/namespaces/<name>", delete_namespace)
    service.handle("GET", "/version", version)
    service.handle("GET", "/version/", version)
    service.handle("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", who_am_i)
    service.handle("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", may_i)


def version(cluster: Cluster, request: Request) -> tuple[int, Any]:
    made = {"gitCommit": "0" * 40, "gitTreeState": "clean", "buildDate": "2026-07-01T00:00:00Z"}
    by = {"goVersion": "go1.26.2", "compiler": "gc", "platform": "linux/amd64"}
    return 200, {"major": "1", "minor": "36", "gitVersion": "v1.36.2", **made, **by}


def who_am_i(cluster: Cluster, request: Request) -> tuple[int, Any]:
    asked = _json(request)
    return 201, {**asked, "status": {"userInfo": {"username": cluster.name, "groups": ["system:authenticated"]}}}


def may_i(cluster: Cluster, request: Request) -> tuple[int, Any]:
    asked = _json(request)
    wanted = (asked.get("spec") or {}).get("resourceAttributes") or {}
    pair = (str(wanted.get("verb", "")), "/".join(filter(None, (wanted.get("resource"), wanted.get("subresource")))))
    allowed = cluster.rights is None or pair in cluster.rights
    return 201, {**asked, "status": {"allowed": allowed}}


# ---- looking ---------------------------------------------------------------------------------------------------------


def get(cluster: Cluster, request: Request, what: str, namespace: str, name: str) -> tuple[int, Any]:
    cluster.need("get", what, namespace)
    return 200, cluster.find(what, namespace, name)


def list_all(cluster: Cluster, request: Request, what: str, namespace: str) -> tuple[int, Any]:
    """Of a namespace that does not exist: nothing, and no word about it."""
    cluster.need("list", what, namespace)
    return 200, listed(cluster, request, what, KINDS[what], cluster.all(what, namespace))


# ---- changing --------------------------------------------------------------------------------------------------------


def create(cluster: Cluster, request: Request, what: str, namespace: str) -> tuple[int, Any]:
    cluster.need("create", what, namespace)
    asked = _json(request)
    if namespace:
        there = cluster.objects.get((NAMESPACES, "", namespace))
        if there is None:
            raise not_found(NAMESPACES, namespace)
        if there["status"]["phase"] == "Terminating":
            told = f"unable to create new content in namespace {namespace} because it is being terminated"
            refusal = forbidden(what, str((asked.get("metadata") or {}).get("name")), told)
            refusal.body["details"]["causes"] = [{"reason": "NamespaceTerminating", "field": "metadata.namespace"}]
            raise refusal
    admission.metadata(KINDS[what], asked)
    there = cluster.objects.get((what, namespace, asked["metadata"]["name"]))
    made = copy.deepcopy(asked)
    if there is None and what == PODS:
        admission.pod(cluster, namespace, asked, strict=request.args.get("fieldValidation") == "Strict")
    if there is None and what == CLAIMS:
        admission.claim(cluster, namespace, asked)
    if what == PODS:
        made["status"] = {"phase": "Pending", "qosClass": "Guaranteed"}
        made["spec"].setdefault("terminationGracePeriodSeconds", 30)
        made["spec"].setdefault("restartPolicy", "Always")
    elif what == CLAIMS:
        made["status"] = {"phase": "Pending"}
        made["metadata"]["finalizers"] = [PROTECTED]
        made["spec"].setdefault("storageClassName", "standard")
        made["spec"].setdefault("volumeMode", "Filesystem")
    elif what == SERVICES:
        network.admit(cluster, made)
    elif what == NAMESPACES:
        made["status"] = {"phase": "Active"}
        made.setdefault("spec", {"finalizers": ["kubernetes"]})
        if (made["metadata"].get("labels") or {}).get("pod-security.kubernetes.io/enforce") == "restricted":
            cluster.restricted.add(made["metadata"]["name"])
    if request.args.get("dryRun") == "All":
        return 201, made
    answer = copy.deepcopy(cluster.add(what, namespace, made))
    cluster.settle(cluster.now)  # the scheduler waits for nobody, and the answer does not wait for it
    return 201, answer


def patch(cluster: Cluster, request: Request, what: str, namespace: str, name: str) -> tuple[int, Any]:
    """A merge patch, of labels and annotations; under a version that is old it is refused."""
    cluster.need("patch", what, namespace)
    if request.mimetype not in ("application/merge-patch+json", "application/strategic-merge-patch+json"):
        raise no(415, f"the body of the request was in an unknown format: {request.mimetype}")
    one, asked = cluster.find(what, namespace, name), (_json(request).get("metadata") or {})
    if asked.get("resourceVersion") not in (None, one["metadata"]["resourceVersion"]):
        told = f'Operation cannot be fulfilled on {what} "{name}": the object has been modified'
        raise no(409, told, details={"name": name, "kind": what})
    changed = copy.deepcopy(one["metadata"])
    for part in _METADATA_ONLY:
        for key, value in (asked.get(part) or {}).items():
            if value is None:
                (changed.get(part) or {}).pop(key, None)
            else:
                changed.setdefault(part, {})[key] = value
    admission.metadata(KINDS[what], {"metadata": changed})
    one["metadata"] = changed
    cluster.changed(one)
    return 200, one


def delete(cluster: Cluster, request: Request, what: str, namespace: str, name: str) -> tuple[int, Any]:
    cluster.need("delete", what, namespace)
    one, asked = cluster.find(what, namespace, name), request.get_json(silent=True, force=True) or {}
    wanted = asked.get("preconditions") or {}
    for part in ("uid", "resourceVersion"):
        if wanted.get(part) not in (None, one["metadata"][part]):
            told = (
                f"Precondition failed: {part} in precondition: {wanted[part]}, in object meta: {one['metadata'][part]}"
            )
            raise no(409, f'Operation cannot be fulfilled on {what} "{name}": {told}')
    grace = request.args.get("gracePeriodSeconds", asked.get("gracePeriodSeconds"))
    cluster.delete(what, one, None if grace is None else float(grace))
    return 200, one if what != SECRETS else {**status(200, ""), "status": "Success"}


def delete_all(cluster: Cluster, request: Request, what: str, namespace: str) -> tuple[int, Any]:
    """Without a selector: everything in the namespace."""
    cluster.need("deletecollection", what, namespace)
    found = chosen(request, cluster.all(what, namespace))
    shown = copy.deepcopy(found)
    for one in found:
        cluster.delete(what, one)
    return 200, {
        "kind": f"{KINDS[what]}List",
        "apiVersion": "v1",
        "metadata": {"resourceVersion": str(cluster.version)},
        "items": shown,
    }


def delete_namespace(cluster: Cluster, request: Request, name: str) -> tuple[int, Any]:
    """With all that is in it."""
    cluster.need("delete", NAMESPACES, "")
    one = cluster.find(NAMESPACES, "", name)
    for what in _IN_NAMESPACE:
        for thing in cluster.all(what, name):
            cluster.remove(what, thing)
    cluster.remove(NAMESPACES, one)
    one["status"]["phase"] = "Terminating"
    return 200, one


def _json(request: Request) -> dict[str, Any]:
    asked = request.get_json(silent=True, force=True)
    if not isinstance(asked, dict):
        raise no(400, "the object provided is unrecognized: it must be a JSON object")
    return asked
