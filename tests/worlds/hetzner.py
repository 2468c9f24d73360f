"""The small world with Hetzner behind it: the real adapter over HTTP to the stand-in, whose clock is the world's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from im.providers.hetzner.api import HetznerApi
from im.providers.hetzner.provider import HetznerProvider
from im.standins.hetzner import Hetzner
from im.standins.service import serving
from tests.worlds.cloud import CloudWorld

TOKEN = "project.secret"


class HetznerWorld(CloudWorld):
    """`create` asks for servers at Hetzner; whoever sets `now` moves the cloud's clock as well."""

    named = "hetzner"

    def __init__(self, database_url: str, hetzner: Hetzner, url: str) -> None:
        super().__init__(database_url)
        self.hetzner = hetzner
        self.provider = HetznerProvider(HetznerApi(lambda: TOKEN, f"{url}/v1"), self.deployment)
        self.ctx = replace(self.ctx, settings=replace(self.ctx.settings, provider="hetzner", region="all"))

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
