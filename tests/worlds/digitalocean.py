"""The small world with DigitalOcean behind it: the real adapter over HTTP to the stand-in, whose clock is the world's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from im.providers.digitalocean.api import DigitalOceanApi
from im.providers.digitalocean.provider import DigitalOceanProvider
from im.standins.digitalocean import DigitalOcean
from im.standins.digitalocean.team import Team
from im.standins.service import serving
from tests.worlds.cloud import CloudWorld

TOKEN = "team.secret"


class DigitalOceanWorld(CloudWorld):
    """`create` asks for droplets at DigitalOcean; whoever sets `now` moves the cloud's clock as well."""

    named = "digitalocean"

    def __init__(self, database_url: str, cloud: DigitalOcean, url: str) -> None:
        super().__init__(database_url)
        self.cloud = cloud
        self.provider = DigitalOceanProvider(DigitalOceanApi(lambda: TOKEN, f"{url}/v2"), self.deployment)
        self.ctx = replace(self.ctx, settings=replace(self.ctx.settings, provider="digitalocean", region="all"))

    @property
    def team(self) -> Team:
        return self.cloud.team("team")

    def by_hand(self, status: str, name: str = "web") -> None:
        """Somebody presses the button in DigitalOcean's control panel: `off`, `active` or `gone`."""
        self.team.droplets[int(str(self.row(name).provider_id))].status = status
        self.team.settle(self.now)


@contextmanager
def digitalocean_world(database_url: str) -> Iterator[DigitalOceanWorld]:
    found: list[DigitalOceanWorld] = []
    cloud = DigitalOcean("secret", lambda: found[0].now, timedelta(seconds=5))
    with serving(cloud) as url:
        found.append(DigitalOceanWorld(database_url, cloud, url))
        yield found[0]
        found[0].close()
