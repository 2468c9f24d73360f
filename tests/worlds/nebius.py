"""The small world with Nebius behind it: the real adapter by gRPC to the stand-in, whose clock is the world's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

from im.domain.instance import Instance
from im.domain.intent import Deadline
from im.providers.request import Ask
from im.services.requests import create
from im.services.requests import order as requests_order
from im.standins.grpc_service import serving_grpc
from im.standins.nebius import Nebius
from im.standins.nebius.tenant import Tenant
from tests.people import person
from tests.providers.clouds import public_key
from tests.providers.nebius.room import ACCOUNT, connected
from tests.world import World


class NebiusWorld(World):
    """`create` asks for machines at Nebius; whoever sets `now` moves the cloud's clock as well."""

    def __init__(self, database_url: str, cloud: Nebius, url: str) -> None:
        super().__init__(database_url)
        self.cloud = cloud
        self.provider = connected(url, lambda: self.now, self.deployment)
        self.ctx = replace(self.ctx, settings=replace(self.ctx.settings, provider="nebius", region="all"))

    def create(
        self,
        name: str = "web",
        *,
        seconds: float = 3600,
        count: int = 1,
        actor: str = "ada",
        kind: str | None = None,
        zone: str | None = None,
        **order_as: Any,
    ) -> list[Instance]:
        ask = Ask(public_key=public_key(), owner=actor, instance_type=kind, zone=zone)
        order = requests_order.Order(
            *("nebius", "default", ask, name, count, Deadline(by=timedelta(seconds=seconds)), person(actor)),
            **order_as,
        )
        return [c.after for c in create.create(self.ctx, order).changes]

    @property
    def tenant(self) -> Tenant:
        return self.cloud.tenant(ACCOUNT)

    def states(self, name: str) -> list[str]:
        """Of the machines that are called so, as the cloud has them."""
        there = self.tenant.machines.values()
        return [one.state for one in there if one.labels.get("im-name") == name]


@contextmanager
def nebius_world(database_url: str) -> Iterator[NebiusWorld]:
    found: list[NebiusWorld] = []
    cloud = Nebius("secret", lambda: found[0].now, timedelta(seconds=5))
    with serving_grpc(cloud) as url:
        found.append(NebiusWorld(database_url, cloud, url))
        yield found[0]
        found[0].close()
