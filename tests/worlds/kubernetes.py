"""The small world with a cluster behind it: the real adapter over HTTP to the stand-in, whose clock is the world's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

from im.providers.kubernetes.provider import connected
from im.standins.kubernetes import Kubernetes
from im.standins.kubernetes.cluster import CLAIMS, PODS, Cluster
from im.standins.service import serving
from tests.worlds.cloud import CloudWorld

TOKEN, NAMESPACE = "cluster.secret", "default"


class KubernetesWorld(CloudWorld):
    """`create` asks for a machine in a cluster; whoever sets `now` moves the cluster's clock as well."""

    named = "kubernetes"

    def __init__(self, database_url: str, cloud: Kubernetes, url: str) -> None:
        super().__init__(database_url)
        self.cloud = cloud
        self.provider = connected(url, TOKEN, self.deployment)
        self.ctx = replace(self.ctx, settings=replace(self.ctx.settings, provider="kubernetes", region=NAMESPACE))

    @property
    def cluster(self) -> Cluster:
        return self.cloud.cluster("cluster")

    def pods(self) -> list[dict[str, Any]]:
        return self.cluster.all(PODS, NAMESPACE)

    def claims(self) -> list[dict[str, Any]]:
        return self.cluster.all(CLAIMS, NAMESPACE)


@contextmanager
def kubernetes_world(database_url: str) -> Iterator[KubernetesWorld]:
    found: list[KubernetesWorld] = []
    cloud = Kubernetes("secret", lambda: found[0].now, timedelta(seconds=5))
    with serving(cloud) as url:
        found.append(KubernetesWorld(database_url, cloud, url))
        yield found[0]
        found[0].close()
