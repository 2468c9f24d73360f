"""The small world with Hetzner behind it: the real adapter over HTTP to the stand-in, whose clock is the world's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

from im.domain.instance import Instance
from im.domain.intent import Deadline
from im.providers.hetzner.api import HetznerApi
from im.providers.hetzner.provider import HetznerProvider
from im.providers.request import Ask
from im.services.requests import create
from im.services.requests import order as requests_order
from im.standins.hetzner import Hetzner
from im.standins.service import serving
from tests.people import person
from tests.providers.clouds import public_key
from tests.world import World

TOKEN = "project.secret"


class HetznerWorld(World):
    """`create` asks for servers at Hetzner; whoever sets `now` moves the cloud's clock as well."""

    def __init__(self, database_url: str, hetzner: Hetzner, url: str) -> None:
        super().__init__(database_url)
        self.hetzner = hetzner
        self.provider = HetznerProvider(HetznerApi(lambda: TOKEN, f"{url}/v1"), self.deployment)
        self.ctx = replace(self.ctx, settings=replace(self.ctx.settings, provider="hetzner", region="all"))

    def create(
        self, name: str = "web", *, seconds: float = 3600, count: int = 1, actor: str = "ada", **order_as: Any
    ) -> list[Instance]:
        ask = Ask(public_key=public_key(), owner=actor)
        order = requests_order.Order(
            *("hetzner", "default", ask, name, count, Deadline(by=timedelta(seconds=seconds)), person(actor)),
            **order_as,
        )
        return [c.after for c in create.create(self.ctx, order).changes]

    def by_hand(self, status: str, name: str = "web") -> None:
        """Somebody presses the button in Hetzner's console: `off`, `running` or `gone`."""
        project = self.hetzner.project("project")
        project.servers[int(str(self.row(name).provider_id))].status = status
        project.settle(self.now)


@contextmanager
def hetzner_world(database_url: str) -> Iterator[HetznerWorld]:
    found: list[HetznerWorld] = []
    cloud = Hetzner("secret", lambda: found[0].now, timedelta(seconds=5))
    with serving(cloud) as url:
        found.append(HetznerWorld(database_url, cloud, url))
        yield found[0]
        found[0].close()
