"""The small world with Google Cloud behind it: the real adapter over HTTP to the stand-in, whose clock is the world's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from im.providers.gcp.provider import connected
from im.standins.gcp import Gcp
from im.standins.gcp.project import Machine, Project
from im.standins.service import serving
from tests.worlds.cloud import CloudWorld

PROJECT = "project"


class GcpWorld(CloudWorld):
    """`create` asks for machines at Google; whoever sets `now` moves the cloud's clock as well."""

    named = "gcp"

    def __init__(self, database_url: str, gcp: Gcp, url: str) -> None:
        super().__init__(database_url)
        self.gcp = gcp
        self.provider = connected(url, PROJECT, {"Authorization": f"Bearer {PROJECT}.secret"}, self.deployment)
        self.ctx = replace(self.ctx, settings=replace(self.ctx.settings, provider="gcp", region="us-central1"))

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
