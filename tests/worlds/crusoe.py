"""The small world with Crusoe behind it: the real adapter over HTTP to the stand-in, whose clock is the world's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

from im.domain.instance import Instance
from im.domain.intent import Deadline
from im.providers.crusoe.api import CrusoeApi
from im.providers.crusoe.provider import CrusoeProvider
from im.providers.request import Ask
from im.services.requests import create
from im.services.requests import order as requests_order
from im.standins.crusoe import Crusoe
from im.standins.crusoe.project import Project
from im.standins.service import serving
from tests.people import person
from tests.providers.clouds import public_key
from tests.providers.crusoe.room import TEAM
from tests.world import World


class CrusoeWorld(World):
    """`create` asks for machines at Crusoe; whoever sets `now` moves the cloud's clock as well."""

    def __init__(self, database_url: str, cloud: Crusoe, url: str) -> None:
        super().__init__(database_url)
        self.cloud = cloud
        self.provider = CrusoeProvider(CrusoeApi(lambda: TEAM, f"{url}/v1", lambda: self.now), self.deployment)
        self.ctx = replace(self.ctx, settings=replace(self.ctx.settings, provider="crusoe", region="all"))

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
            *("crusoe", "default", ask, name, count, Deadline(by=timedelta(seconds=seconds)), person(actor)),
            **order_as,
        )
        return [c.after for c in create.create(self.ctx, order).changes]

    @property
    def project(self) -> Project:
        return self.cloud.project("team")

    def states(self, name: str) -> list[str]:
        """Of the machines that are called so, as the cloud has them."""
        return [one.state for one in self.project.machines.values() if one.name.startswith(f"{name}-")]


@contextmanager
def crusoe_world(database_url: str) -> Iterator[CrusoeWorld]:
    found: list[CrusoeWorld] = []
    cloud = Crusoe("secret", lambda: found[0].now, timedelta(seconds=5))
    with serving(cloud) as url:
        found.append(CrusoeWorld(database_url, cloud, url))
        yield found[0]
        found[0].close()
