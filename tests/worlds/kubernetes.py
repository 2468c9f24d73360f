"""The small world with a cluster behind it: the real adapter over HTTP to the stand-in, whose clock is the world's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

from im.domain.instance import Instance
from im.domain.intent import Deadline
from im.providers.kubernetes.provider import connected
from im.providers.request import Ask
from im.services.requests import create
from im.services.requests import order as requests_order
from im.standins.kubernetes import Kubernetes
from im.standins.kubernetes.cluster import CLAIMS, PODS, Cluster
from im.standins.service import serving
from tests.people import person
from tests.providers.clouds import public_key
from tests.world import World

TOKEN, NAMESPACE = "cluster.secret", "default"


class KubernetesWorld(World):
    """`create` asks for a machine in a cluster; whoever sets `now` moves the cluster's clock as well."""

    def __init__(self, database_url: str, cloud: Kubernetes, url: str) -> None:
        super().__init__(database_url)
        self.cloud = cloud
        self.provider = connected(url, TOKEN, self.deployment)
        self.ctx = replace(self.ctx, settings=replace(self.ctx.settings, provider="kubernetes", region=NAMESPACE))

    def create(
        self,
        name: str = "web",
        *,
        seconds: float = 3600,
        count: int = 1,
        actor: str = "ada",
        kind: str | None = None,
        zone: str | None = None,
        options: dict[str, Any] | None = None,
        **order_as: Any,
    ) -> list[Instance]:
        ask = Ask(public_key=public_key(), owner=actor, instance_type=kind, zone=zone, options=options or {})
        order = requests_order.Order(
            *("kubernetes", "default", ask, name, count, Deadline(by=timedelta(seconds=seconds)), person(actor)),
            **order_as,
        )
        return [c.after for c in create.create(self.ctx, order).changes]

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
