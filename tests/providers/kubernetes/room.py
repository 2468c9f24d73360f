"""A cluster, as its stand-in serves it over HTTP, with a clock that only tests move."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

from im.domain.cause import Hand
from im.providers.contract import Provider, Slot
from im.providers.kubernetes.profile import PROFILE
from im.providers.kubernetes.provider import KubernetesProvider, connected
from im.providers.machine import Machine
from im.standins.kubernetes import Kubernetes
from im.standins.kubernetes.cluster import CLAIMS, PODS, SECRETS, Cluster
from tests.providers.clouds import DEPLOYMENT, Room, SteppedClock

TOKEN, NAMESPACE = "cluster.secret", "default"
SLOT = Slot("im-0123456789", "web")
LOST = {
    "kind": "Status",
    "status": "Failure",
    "reason": "Timeout",
    "message": "etcdserver: request timed out",
    "code": 504,
}


class KubernetesRoom(Room):
    profile = PROFILE
    region = NAMESPACE
    has_public_address = False
    names_at_launch = True
    forgets_what_is_gone = True
    tells_causes = False

    def __init__(self, cloud: Kubernetes, clock: SteppedClock, url: str) -> None:
        super().__init__()
        self.cloud, self.clock, self.url = cloud, clock, url
        self.provider = self.of_deployment(DEPLOYMENT)
        self.wish()

    def of_deployment(self, deployment: str) -> Provider:
        return self.kubernetes(deployment)

    def kubernetes(self, deployment: str = DEPLOYMENT) -> KubernetesProvider:
        return connected(self.url, TOKEN, deployment)

    @property
    def cluster(self) -> Cluster:
        return self.cloud.cluster("cluster")

    def claim(self, machine_id: str) -> dict[str, Any]:
        return self.cluster.objects[CLAIMS, NAMESPACE, machine_id]

    def pod(self, machine_id: str) -> dict[str, Any]:
        return self.cluster.objects[PODS, NAMESPACE, machine_id]

    def settle(self) -> None:
        self.clock.step(seconds=20)

    def outside(self, verb: str, machine_id: str) -> None:
        """By kubectl: a pod is deleted and made again, or all of it is deleted."""
        cluster = self.cluster
        if verb == "start":
            made = self.kubernetes().start(self.scope, [Machine(machine_id)])
            assert not made.failed
        elif (PODS, NAMESPACE, machine_id) in cluster.objects:
            cluster.delete(PODS, self.pod(machine_id), 0)
        if verb == "terminate":
            cluster.delete(CLAIMS, self.claim(machine_id))
        self.settle()

    def stopped_by(self, hand: Hand, machine_id: str) -> None:
        """Of a pod that is deleted nothing is left that tells whose hand it was."""
        self.outside("stop", machine_id)

    def user_data(self, machine_id: str) -> bytes | None:
        """As it reaches the pod: by a volume that names the secret."""
        for volume in self.pod(machine_id)["spec"]["volumes"]:
            for source in (volume.get("projected") or {}).get("sources") or []:
                if "secret" in source:
                    kept = self.cluster.objects[SECRETS, NAMESPACE, source["secret"]["name"]]
                    return base64.b64decode(kept["data"][source["secret"]["items"][0]["key"]])
        return None

    def foreign(self) -> str:
        number = next(self._numbers)
        name, cluster = f"not-ours-{number}", self.cluster
        cluster.add(CLAIMS, NAMESPACE, foreign_claim(name))
        cluster.add(PODS, NAMESPACE, foreign_pod(name))
        cluster.settle(self.clock.now)
        return name

    def alive(self) -> set[str]:
        return {str(one["metadata"]["name"]) for one in self.cluster.all(PODS, NAMESPACE)}


def foreign_claim(name: str) -> dict[str, Any]:
    """Of somebody who calls it `not-ours` as people see it."""
    return {
        "metadata": {"name": name, "annotations": {"im.dev/name": "not-ours"}, "labels": {"team": "web"}},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "5Gi"}}},
        "status": {"phase": "Pending"},
    }


def foreign_pod(name: str) -> dict[str, Any]:
    resources = {"cpu": "1", "memory": "2Gi"}
    container = {"name": "box", "image": "debian:13", "resources": {"requests": resources, "limits": resources}}
    return {
        "metadata": {"name": f"{name}-pod", "labels": {"app": "theirs"}},
        "spec": {
            "containers": [container],
            "restartPolicy": "Never",
            "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": name}}],
        },
        "status": {"phase": "Pending"},
    }


def kubernetes(clock: SteppedClock) -> Kubernetes:
    return Kubernetes("secret", clock, timedelta(seconds=5))
