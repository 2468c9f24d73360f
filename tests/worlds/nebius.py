"""The small world with Nebius behind it: the real adapter by gRPC to the stand-in, whose clock is the world's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from im.standins.grpc_service import serving_grpc
from im.standins.nebius import Nebius
from im.standins.nebius.tenant import Tenant
from tests.providers.nebius.room import ACCOUNT, connected
from tests.worlds.cloud import CloudWorld


class NebiusWorld(CloudWorld):
    """`create` asks for machines at Nebius; whoever sets `now` moves the cloud's clock as well."""

    named = "nebius"

    def __init__(self, database_url: str, cloud: Nebius, url: str) -> None:
        super().__init__(database_url)
        self.cloud = cloud
        self.provider = connected(url, lambda: self.now, self.deployment)
        self.ctx = replace(self.ctx, settings=replace(self.ctx.settings, provider="nebius", region="all"))

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
