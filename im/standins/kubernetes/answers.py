"""How objects are shown: whole, as their metadata alone, or as rows of a table; a page at a time."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request

from im.standins.kubernetes import selectors
from im.standins.kubernetes.errors import no

if TYPE_CHECKING:
    from im.standins.kubernetes.cluster import Cluster

_GROUPS = {"storageclasses": "storage.k8s.io/v1"}


def chosen(request: Request, things: list[dict[str, Any]]) -> list[dict[str, Any]]:
    by_label = selectors.labels(request.args.get("labelSelector", ""))
    by_field = selectors.fields(request.args.get("fieldSelector", ""))
    return [one for one in things if by_label(one) and by_field(one)]


def listed(cluster: Cluster, request: Request, what: str, kind: str, things: list[dict[str, Any]]) -> dict[str, Any]:
    """Whole pages belong to the moment of the first; a version of 0 may be old, and knows no pages (kubernetes#96182)."""
    if request.args.get("watch") in ("true", "1"):
        raise no(400, "this cluster cannot be watched: it is listed")
    found = sorted(
        chosen(request, things), key=lambda one: (one["metadata"].get("namespace", ""), one["metadata"]["name"])
    )
    limit = int(request.args.get("limit") or 0)
    after, version = _continued(cluster, request.args.get("continue", ""))
    found = [one for one in found if [one["metadata"].get("namespace", ""), one["metadata"]["name"]] > after]
    meta: dict[str, Any] = {"resourceVersion": str(version or cluster.version)}
    if limit and request.args.get("resourceVersion") != "0" and len(found) > limit:
        last = found[limit - 1]["metadata"]
        token = {"v": version or cluster.version, "start": [last.get("namespace", ""), last["name"]]}
        meta["continue"] = base64.urlsafe_b64encode(json.dumps(token).encode()).decode()
        meta["remainingItemCount"] = len(found) - limit
        found = found[:limit]
    accept = request.headers.get("Accept", "")
    if "as=Table" in accept:
        return _table(what, found, meta)
    if "as=PartialObjectMetadataList" in accept:
        items: list[dict[str, Any]] = [
            {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": one["metadata"]}
            for one in found
        ]
        return {"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": meta, "items": items}
    return {"kind": f"{kind}List", "apiVersion": _GROUPS.get(what, "v1"), "metadata": meta, "items": found}


def _continued(cluster: Cluster, token: str) -> tuple[list[str], int]:
    if not token:
        return ["", ""], 0
    try:
        told = json.loads(base64.urlsafe_b64decode(token))
        start, version = list(told["start"]), int(told["v"])
    except (ValueError, KeyError, TypeError):
        raise no(400, "continue key is not valid") from None
    if version < cluster.forgotten:
        told = "The provided continue parameter is too old to display a consistent list result."
        raise no(410, told)
    return start, version


_COLUMNS = {
    "pods": ("Name", "Ready", "Status", "Restarts", "Age", "IP", "Node"),
    "persistentvolumeclaims": ("Name", "Status", "Volume", "Capacity", "Access Modes", "StorageClass", "Age"),
}


def _table(what: str, found: list[dict[str, Any]], meta: dict[str, Any]) -> dict[str, Any]:
    columns = [{"name": name, "type": "string", "format": "", "priority": 0} for name in _COLUMNS.get(what, ("Name",))]
    rows = [{"cells": _cells(what, one), "object": None} for one in found]
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": meta,
        "columnDefinitions": columns,
        "rows": rows,
    }


def _cells(what: str, one: dict[str, Any]) -> list[Any]:
    name = one["metadata"]["name"]
    if what == "pods":
        ready = sum(bool(told.get("ready")) for told in one["status"].get("containerStatuses") or [])
        ip, node = one["status"].get("podIP", "<none>"), one["spec"].get("nodeName", "<none>")
        return [name, f"{ready}/{len(one['spec']['containers'])}", word(one), 0, "1m", ip, node]
    if what == "persistentvolumeclaims":
        phase = "Terminating" if "deletionTimestamp" in one["metadata"] else one["status"]["phase"]
        size = (one["status"].get("capacity") or {}).get("storage", "")
        return [
            name,
            phase,
            one["spec"].get("volumeName", ""),
            size,
            "RWO",
            one["spec"].get("storageClassName", ""),
            "1m",
        ]
    return [name]


def word(pod: dict[str, Any]) -> str:
    """What `kubectl get pods` shows under STATUS."""
    if "deletionTimestamp" in pod["metadata"]:
        return "Terminating"
    status = pod["status"]
    shown = str(status.get("reason") or status["phase"])
    for one in status.get("containerStatuses") or []:
        state = one["state"]
        shown = str((state.get("waiting") or state.get("terminated") or {}).get("reason") or shown)
    return shown
