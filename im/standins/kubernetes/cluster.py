"""One cluster: its objects, the number of every change, and what becomes of them as time passes."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

from im.standins.kubernetes import catalog, network, scheduler
from im.standins.kubernetes.errors import exists, no, not_found
from im.standins.limits import Bucket

Key = tuple[str, str, str]
"""(plural, namespace, name); things of the whole cluster are in the namespace of no name."""
PODS, CLAIMS, SECRETS, NODES, NAMESPACES = "pods", "persistentvolumeclaims", "secrets", "nodes", "namespaces"
SERVICES, QUOTAS, CLASSES, EVENTS = "services", "resourcequotas", "storageclasses", "events"
KINDS = {
    PODS: "Pod",
    CLAIMS: "PersistentVolumeClaim",
    SECRETS: "Secret",
    SERVICES: "Service",
    NODES: "Node",
    NAMESPACES: "Namespace",
    QUOTAS: "ResourceQuota",
    CLASSES: "StorageClass",
    EVENTS: "Event",
}
PROTECTED = "kubernetes.io/pvc-protection"


def written(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Cluster:
    """All that one kubeconfig's context can see."""

    name: str
    now: datetime
    takes: timedelta
    """How long a start takes, and an end."""
    objects: dict[Key, dict[str, Any]] = field(default_factory=dict)
    version: int = 1000
    due: dict[str, datetime] = field(default_factory=dict)
    """uid of a pod → when it runs, or when it is gone."""
    ever: list[str] = field(default_factory=list)
    """`pods/NAME` and `persistentvolumeclaims/NAME` of everything that was ever made, in order."""
    # what a test may set
    rights: frozenset[tuple[str, str]] | None = None
    """(verb, resource) that the caller has; None: every one."""
    asked_of: set[tuple[str, str]] = field(default_factory=set)
    """Rights that calls have needed so far."""
    bad_images: set[str] = field(default_factory=set)
    """Images that no registry has."""
    restricted: set[str] = field(default_factory=set)
    """Namespaces that enforce the Pod Security Standard of that name."""
    forgotten: int = 0
    """Lists that began before this version cannot be continued."""
    starts: Callable[[list[str], bool], Any] | None = None
    """Starts a process in a pod, of a command, in a terminal or not (`exec.Process`); None: nothing runs there."""
    balancers: dict[str, str] | None = None
    """What a load balancer is given, like `{"hostname": …}`; None: an address."""
    exec_protocols: tuple[str, ...] = ("v5.channel.k8s.io", "v4.channel.k8s.io")
    bucket: Bucket | None = None
    """Priority and fairness: how many calls are let through; None: all."""

    def __post_init__(self) -> None:
        for namespace in ("default", "kube-system", "lab"):
            self.add(NAMESPACES, "", {"metadata": {"name": namespace}, "status": {"phase": "Active"}})
        self.restricted.update(("default", "lab"))
        for one in catalog.nodes():
            self.add(NODES, "", one)
        for one in catalog.classes():
            self.add(CLASSES, "", one)

    # ---- rights ----

    def need(self, verb: str, what: str, namespace: str) -> None:
        self.asked_of.add((verb, what))
        if self.rights is None or (verb, what) in self.rights:
            return
        where = f' in the namespace "{namespace}"' if namespace else " at the cluster scope"
        group = "storage.k8s.io" if what == CLASSES else ""
        told = f'User "{self.name}" cannot {verb} resource "{what}" in API group "{group}"{where}'
        raise no(403, f"{what} is forbidden: {told}", details={"kind": what})

    # ---- objects ----

    def find(self, what: str, namespace: str, name: str) -> dict[str, Any]:
        found = self.objects.get((what, namespace, name))
        if found is None:
            raise not_found(what, name)
        return found

    def all(self, what: str, namespace: str) -> list[dict[str, Any]]:
        """In the order of their names; of every namespace where none is said."""
        keys = sorted(key for key in self.objects if key[0] == what and namespace in ("", key[1]))
        return [self.objects[key] for key in keys]

    def add(self, what: str, namespace: str, asked: dict[str, Any]) -> dict[str, Any]:
        made = copy.deepcopy(asked)
        meta = made.setdefault("metadata", {})
        there = self.objects.get((what, namespace, meta["name"]))
        if there is not None:
            raise exists(what, meta["name"], going="deletionTimestamp" in there["metadata"])
        made.setdefault("apiVersion", "v1")
        made["kind"] = KINDS[what]
        if namespace:
            meta["namespace"] = namespace
        meta["uid"] = str(uuid5(NAMESPACE_DNS, f"{self.name}/{what}/{namespace}/{meta['name']}/{self.version}"))
        meta["creationTimestamp"] = written(self.now)
        meta["managedFields"] = [
            {"manager": "stand-in", "operation": "Update", "apiVersion": "v1", "time": written(self.now)}
        ]
        self.objects[what, namespace, meta["name"]] = made
        self.changed(made)
        if what in (PODS, CLAIMS):
            self.ever.append(f"{what}/{meta['name']}")
        return made

    def changed(self, one: dict[str, Any]) -> None:
        self.version += 1
        one["metadata"]["resourceVersion"] = str(self.version)

    def pods_of_claim(self, namespace: str, claim: str) -> Iterator[dict[str, Any]]:
        """Those that have it mounted, whether they run or not; one that is over no longer holds it."""
        for pod in self.all(PODS, namespace):
            volumes = pod["spec"].get("volumes") or []
            names = {(one.get("persistentVolumeClaim") or {}).get("claimName") for one in volumes}
            if claim in names and pod["status"]["phase"] not in ("Succeeded", "Failed"):
                yield pod

    def delete(self, what: str, one: dict[str, Any], grace: float | None = None) -> None:
        """Accepted is not gone: a pod has its grace, and a claim waits for whoever has mounted it."""
        meta = one["metadata"]
        if what == PODS:
            if "deletionTimestamp" in meta and grace != 0:
                return
            seconds = one["spec"].get("terminationGracePeriodSeconds", 30) if grace is None else grace
            if not one["spec"].get("nodeName") or one["status"]["phase"] in ("Succeeded", "Failed") or seconds == 0:
                self.remove(what, one)
                return
            meta["deletionTimestamp"] = written(self.now + timedelta(seconds=seconds))
            meta["deletionGracePeriodSeconds"] = int(seconds)
            self.due[meta["uid"]] = self.now + min(self.takes, timedelta(seconds=seconds))
            self.changed(one)
            return
        if meta.get("finalizers"):
            meta.setdefault("deletionTimestamp", written(self.now))
            self.changed(one)
            self.settle(self.now)
            return
        self.remove(what, one)

    def remove(self, what: str, one: dict[str, Any]) -> None:
        """Gone, and with it whatever names it as its owner."""
        meta = one["metadata"]
        self.objects.pop((what, meta.get("namespace", ""), meta["name"]), None)
        self.due.pop(meta["uid"], None)
        self.version += 1
        for (kind, _, _), other in list(self.objects.items()):
            if any(owner.get("uid") == meta["uid"] for owner in other["metadata"].get("ownerReferences") or []):
                self.delete(kind, other)

    def tell(self, namespace: str, name: str, reason: str, message: str, kind: str = "Pod") -> None:
        """An event about the object of that name, as the cluster's parts write them."""
        about = {"kind": kind, "namespace": namespace, "name": name}
        said = {"reason": reason, "message": message, "type": "Warning", "lastTimestamp": written(self.now)}
        self.add(EVENTS, namespace, {"metadata": {"name": f"{name}.{self.version:x}"}, "involvedObject": about, **said})

    # ---- time ----

    def settle(self, now: datetime) -> None:
        """Let happen what is due: the scheduler places, kubelets run and end, finalizers are taken off."""
        self.now = now
        for pod in self.all(PODS, ""):
            meta = pod["metadata"]
            if "deletionTimestamp" in meta:
                if meta["uid"] in self.due and self.due[meta["uid"]] <= now:
                    self.remove(PODS, pod)
            elif pod["status"]["phase"] == "Running":
                scheduler.overdue(self, pod)
            elif pod["status"]["phase"] == "Pending":
                if not pod["spec"].get("nodeName"):
                    scheduler.place(self, pod)
                if pod["spec"].get("nodeName"):
                    scheduler.run(self, pod)
        for service in self.all(SERVICES, ""):
            network.settle(self, service)
        for claim in self.all(CLAIMS, ""):
            meta = claim["metadata"]
            if "deletionTimestamp" in meta and not any(self.pods_of_claim(meta["namespace"], meta["name"])):
                self.remove(CLAIMS, claim)
