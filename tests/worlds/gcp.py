"""The small world with Google Cloud behind it: the real adapter over HTTP to the stand-in, whose clock is the world's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

from im.domain.instance import Instance
from im.domain.intent import Deadline
from im.domain.spec.spot import Spot
from im.providers.gcp.provider import connected
from im.providers.request import Ask
from im.services.requests import create
from im.services.requests import order as requests_order
from im.standins.gcp import Gcp
from im.standins.gcp.project import Machine, Project
from im.standins.service import serving
from tests.people import person
from tests.providers.clouds import public_key
from tests.world import World

PROJECT = "project"


class GcpWorld(World):
    """`create` asks for machines at Google; whoever sets `now` moves the cloud's clock as well."""

    def __init__(self, database_url: str, gcp: Gcp, url: str) -> None:
        super().__init__(database_url)
        self.gcp = gcp
        self.provider = connected(url, PROJECT, {"Authorization": f"Bearer {PROJECT}.secret"}, self.deployment)
        self.ctx = replace(self.ctx, settings=replace(self.ctx.settings, provider="gcp", region="us-central1"))

    def create(
        self,
        name: str = "web",
        *,
        seconds: float = 3600,
        count: int = 1,
        actor: str = "ada",
        kind: str | None = None,
        zone: str | None = None,
        spot: Spot | None = None,
        hibernate: bool = False,
        **order_as: Any,
    ) -> list[Instance]:
        ask = Ask(public_key=public_key(), owner=actor, instance_type=kind, zone=zone, spot=spot, hibernate=hibernate)
        order = requests_order.Order(
            *("gcp", "default", ask, name, count, Deadline(by=timedelta(seconds=seconds)), person(actor)),
            **order_as,
        )
        return [c.after for c in create.create(self.ctx, order).changes]

    @property
    def project(self) -> Project:
        return self.gcp.project(PROJECT)

    def machine(self, name: str = "web") -> Machine:
        return self.project.machines[int(str(self.row(name).provider_id))]


@contextmanager
def gcp_world(database_url: str) -> Iterator[GcpWorld]:
    found: list[GcpWorld] = []
    cloud = Gcp("secret", lambda: found[0].now, timedelta(seconds=5))
    with serving(cloud) as url:
        found.append(GcpWorld(database_url, cloud, url))
        yield found[0]
        found[0].close()
