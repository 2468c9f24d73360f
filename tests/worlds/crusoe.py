"""The small world with Crusoe behind it: the real adapter over HTTP to the stand-in, whose clock is the world's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from im.providers.crusoe.api import CrusoeApi
from im.providers.crusoe.provider import CrusoeProvider
from im.standins.crusoe import Crusoe
from im.standins.crusoe.project import Project
from im.standins.service import serving
from tests.providers.crusoe.room import TEAM
from tests.worlds.cloud import CloudWorld


class CrusoeWorld(CloudWorld):
    """`create` asks for machines at Crusoe; whoever sets `now` moves the cloud's clock as well."""

    named = "crusoe"

    def __init__(self, database_url: str, cloud: Crusoe, url: str) -> None:
        super().__init__(database_url)
        self.cloud = cloud
        self.provider = CrusoeProvider(CrusoeApi(lambda: TEAM, f"{url}/v1", lambda: self.now), self.deployment)
        self.ctx = replace(self.ctx, settings=replace(self.ctx.settings, provider="crusoe", region="all"))

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
