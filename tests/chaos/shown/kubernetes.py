"""Kubernetes: one cluster of its stand-in. A machine is a claim, with at most one pod of its name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from im.standins.kubernetes import Kubernetes as StandIn
from im.standins.kubernetes.cluster import CLAIMS, PODS, SECRETS, SERVICES, Cluster
from tests.chaos.shown.world import ACCOUNT, ENDING, PENDING, RUNNING, STOPPED, STOPPING, Seen, Shown, seen_as

_NAMESPACE = "default"
_NO_SOAK = "the soak has no cluster among its clouds"


class Kubernetes(Shown):
    service: StandIn
    path = re.compile(r"/namespaces/default/(?:pods|persistentvolumeclaims)/(?P<id>[a-z0-9-]+)")

    def machines(self) -> Mapping[str, Seen]:
        return {str(one["metadata"]["name"]): self._seen(one) for one in self._cluster.all(CLAIMS, _NAMESPACE)}

    @property
    def _cluster(self) -> Cluster:
        return self.service.cluster(ACCOUNT)

    def _pod(self, name: str) -> dict[str, Any] | None:
        return self._cluster.objects.get((PODS, _NAMESPACE, name))

    def _seen(self, claim: dict[str, Any]) -> Seen:
        meta = claim["metadata"]
        return seen_as(_state(claim, self._pod(meta["name"])), meta.get("labels") or {}, "im.dev/", meta["name"])

    def parts(self, deployment: str) -> Iterator[str]:
        """A pod, a secret or a service whose claim is not there."""
        cluster = self._cluster
        for what in (PODS, SECRETS, SERVICES):
            for one in cluster.all(what, _NAMESPACE):
                if (CLAIMS, _NAMESPACE, one["metadata"]["name"]) not in cluster.objects:
                    yield f"{what}/{one['metadata']['name']}"

    def hand(self, machine: str, does: str) -> None:
        raise NotImplementedError(_NO_SOAK)

    def plant(self, deployment: str, token: str, row: str) -> None:
        raise NotImplementedError(_NO_SOAK)

    def use_up(self) -> None:
        raise NotImplementedError(_NO_SOAK)

    def refill(self) -> None:
        raise NotImplementedError(_NO_SOAK)

    def lack(self, lacking: bool) -> None:
        raise NotImplementedError(_NO_SOAK)

    def grounds(self, deployment: str) -> Iterator[str]:
        yield from ()

    def ever(self) -> int:
        """One pod and one disk each: the greater number of the two."""
        made = [one.partition("/")[0] for one in self._cluster.ever]
        return max(made.count(PODS), made.count(CLAIMS))


def _state(claim: dict[str, Any], pod: dict[str, Any] | None) -> str:
    if "deletionTimestamp" in claim["metadata"]:
        return ENDING
    if pod is None or pod["status"]["phase"] in ("Succeeded", "Failed"):
        return STOPPED
    if "deletionTimestamp" in pod["metadata"]:
        return STOPPING
    return RUNNING if pod["status"]["phase"] == "Running" else PENDING
