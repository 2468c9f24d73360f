"""Who places pods, and what runs them: as far as one reads of it in a pod's status."""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from im.standins.kubernetes.cluster import Cluster

_UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
_QUANTITY = re.compile(r"(\d+(?:\.\d+)?)(m|k|M|G|T|Ki|Mi|Gi|Ti)?")


def amount(text: str) -> float:
    """Of a quantity: `500m`, `16Gi`. Raises ValueError."""
    found = _QUANTITY.fullmatch(str(text))
    if found is None:
        raise ValueError(text)
    return float(found[1]) / 1000 if found[2] == "m" else float(found[1]) * _UNITS[found[2] or ""]


def requests(pod: dict[str, Any]) -> Counter[str]:
    total: Counter[str] = Counter()
    for container in pod["spec"]["containers"]:
        for name, text in (container.get("resources", {}).get("requests") or {}).items():
            total[name] += amount(text)  # type: ignore[assignment]
    return total


def stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def place(cluster: Cluster, pod: dict[str, Any]) -> None:
    """On the first node that fits; else the condition says why on none."""
    why: Counter[str] = Counter()
    nodes = cluster.all("nodes", "")
    claim = _unbound(cluster, pod)
    if isinstance(claim, str):
        _unscheduled(cluster, pod, f"0/{len(nodes)} nodes are available: {claim}.")
        return
    for node in nodes:
        against = _against(cluster, node, pod)
        if not against:
            _placed(cluster, pod, node, claim)
            return
        why.update(against)
    told = ", ".join(f"{number} {reason}" for reason, number in sorted(why.items()))
    more = f"preemption: 0/{len(nodes)} nodes are available: {len(nodes)} Preemption is not helpful for scheduling."
    _unscheduled(cluster, pod, f"0/{len(nodes)} nodes are available: {told}. {more}")


def _unbound(cluster: Cluster, pod: dict[str, Any]) -> list[dict[str, Any]] | str:
    """The claims that wait to be bound; words, where one cannot be."""
    namespace, found = pod["metadata"]["namespace"], []
    for volume in pod["spec"].get("volumes") or []:
        name = (volume.get("persistentVolumeClaim") or {}).get("claimName")
        if not name:
            continue
        claim = cluster.objects.get(("persistentvolumeclaims", namespace, name))
        if claim is None:
            return f'persistentvolumeclaim "{name}" not found'
        if "deletionTimestamp" in claim["metadata"]:
            return f'persistentvolumeclaim "{name}" is being deleted'
        if claim["status"]["phase"] == "Pending":
            kind = claim["spec"].get("storageClassName")
            if kind is not None and ("storageclasses", "", kind) not in cluster.objects:
                return "pod has unbound immediate PersistentVolumeClaims"
        found.append(claim)
    return found


def _against(cluster: Cluster, node: dict[str, Any], pod: dict[str, Any]) -> list[str]:
    labels, spec = node["metadata"]["labels"], pod["spec"]
    if not all(labels.get(key) == value for key, value in (spec.get("nodeSelector") or {}).items()):
        return ["node(s) didn't match Pod's node affinity/selector"]
    if not all(labels.get(one["key"]) in one["values"] for one in _required(spec)):
        return ["node(s) didn't match Pod's node affinity/selector"]
    for taint in node["spec"].get("taints") or []:
        if not any(_tolerates(one, taint) for one in spec.get("tolerations") or []):
            return [f"node(s) had untolerated taint {{{taint['key']}: {taint.get('value', '')}}}"]
    used: Counter[str] = Counter()
    for other in cluster.all("pods", ""):
        if other["spec"].get("nodeName") == node["metadata"]["name"] and other["status"]["phase"] in (
            "Pending",
            "Running",
        ):
            used.update(requests(other))
    room = node["status"]["allocatable"]
    return [
        f"Insufficient {name}"
        for name, number in requests(pod).items()
        if used[name] + number > amount(room.get(name, _plenty(name)))
    ]


def _required(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """Of an affinity, what our clients write: one term, of labels that are in a list."""
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    terms = (affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}).get("nodeSelectorTerms") or [{}]
    return list(terms[0].get("matchExpressions") or [])


def _plenty(name: str) -> str:
    return "1000Gi" if name == "ephemeral-storage" else "0"


def _tolerates(toleration: dict[str, Any], taint: dict[str, Any]) -> bool:
    if toleration.get("effect") not in (None, "", taint["effect"]):
        return False
    if toleration.get("operator") == "Exists":
        return toleration.get("key") in (None, "", taint["key"])
    return bool(toleration.get("key") == taint["key"] and toleration.get("value", "") == taint.get("value", ""))


def _unscheduled(cluster: Cluster, pod: dict[str, Any], message: str) -> None:
    told = pod["status"].get("conditions")
    if told and told[0].get("message") == message:
        return
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
    pod["status"]["conditions"] = [{**condition, "lastTransitionTime": stamp(cluster.now)}]
    cluster.changed(pod)


def _placed(cluster: Cluster, pod: dict[str, Any], node: dict[str, Any], claims: list[dict[str, Any]]) -> None:
    pod["spec"]["nodeName"] = node["metadata"]["name"]
    at = stamp(cluster.now)
    pod["status"] |= {
        "conditions": [{"type": "PodScheduled", "status": "True", "lastTransitionTime": at}],
        "startTime": at,
        "containerStatuses": [_container(pod, {"waiting": {"reason": "ContainerCreating"}})],
    }
    cluster.due[pod["metadata"]["uid"]] = cluster.now + cluster.takes
    cluster.changed(pod)
    for claim in claims:
        if claim["status"]["phase"] == "Pending":
            claim["status"] = {"phase": "Bound", "capacity": dict(claim["spec"]["resources"]["requests"])}
            claim["spec"]["volumeName"] = f"pvc-{claim['metadata']['uid']}"
            cluster.changed(claim)


def _container(pod: dict[str, Any], state: dict[str, Any], *, ready: bool = False) -> dict[str, Any]:
    one = pod["spec"]["containers"][0]
    return {
        "name": one["name"],
        "image": one["image"],
        "imageID": "",
        "ready": ready,
        "started": ready,
        "restartCount": 0,
        "state": state,
        "lastState": {},
    }


def run(cluster: Cluster, pod: dict[str, Any]) -> None:
    uid = pod["metadata"]["uid"]
    if cluster.due.get(uid, cluster.now) > cluster.now:
        return
    image = pod["spec"]["containers"][0]["image"]
    if image in cluster.bad_images:
        told = {"reason": "ImagePullBackOff", "message": f'Back-off pulling image "{image}": not found'}
        waiting = [_container(pod, {"waiting": told})]
        if pod["status"].get("containerStatuses") != waiting:
            pod["status"]["containerStatuses"] = waiting
            cluster.changed(pod)
        return
    begun = cluster.due.pop(uid, cluster.now)
    number = cluster.version
    pod["status"] |= {
        "phase": "Running",
        "podIP": f"10.{1 + number // 65536 % 250}.{number // 256 % 256}.{number % 256}",
        "hostIP": "192.0.2.10",
        "containerStatuses": [_container(pod, {"running": {"startedAt": stamp(begun)}}, ready=True)],
    }
    cluster.changed(pod)


def overdue(cluster: Cluster, pod: dict[str, Any]) -> None:
    """A container whose first process reads a moment from a file `stop-at`, which an annotation of its pod fills, ends at it."""
    for volume in pod["spec"].get("volumes") or []:
        for source in (volume.get("projected") or {}).get("sources") or []:
            for item in (source.get("downwardAPI") or {}).get("items") or []:
                key = str(item["fieldRef"]["fieldPath"]).partition("'")[2].rpartition("'")[0]
                said = str((pod["metadata"].get("annotations") or {}).get(key, ""))
                if item["path"] == "stop-at" and said.isdigit() and int(said) <= cluster.now.timestamp():
                    end(cluster, pod, 0)
                    told = pod["status"]["containerStatuses"][0]["state"]["terminated"]
                    told["message"] = "its guard in the cluster stopped it\n"


def end(
    cluster: Cluster, pod: dict[str, Any], code: int, reason: str = "", *, pod_reason: str = "", says: str = ""
) -> None:
    """Its process is over: by itself, or because kubelet ended it (`pod_reason`)."""
    began = (pod["status"]["containerStatuses"][0]["state"].get("running") or {}).get("startedAt", stamp(cluster.now))
    over = {
        "exitCode": code,
        "reason": reason or ("Completed" if code == 0 else "Error"),
        "startedAt": began,
        "finishedAt": stamp(cluster.now),
    }
    pod["status"]["phase"] = "Succeeded" if code == 0 else "Failed"
    pod["status"]["containerStatuses"] = [_container(pod, {"terminated": over})]
    if pod_reason:
        pod["status"] |= {"reason": pod_reason, "message": says}
    cluster.changed(pod)
