"""The small world with Vast behind it: the real adapter over HTTP to the stand-in, whose clock is the world's.

A call that waits for its turn lets the world's time pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from im.providers.kit.pace import Pace
from im.providers.vast.api import CLOUD, EVERY, PATIENCE, VastApi
from im.providers.vast.provider import VastProvider
from im.standins.service import serving
from im.standins.vast import Vast
from im.standins.vast.renter import Renter
from tests.worlds.cloud import CloudWorld

TOKEN = "renter.secret"


class VastWorld(CloudWorld):
    """`create` asks for machines at Vast; whoever sets `now` moves the cloud's clock as well."""

    named = "vast"

    def __init__(self, database_url: str, cloud: Vast, url: str) -> None:
        super().__init__(database_url)
        self.cloud = cloud
        self.pace = Pace(CLOUD, EVERY, PATIENCE, self._steady, self._pause)
        self.provider = VastProvider(VastApi(lambda: TOKEN, url, self.pace), self.deployment, self._steady)
        self.ctx = replace(self.ctx, settings=replace(self.ctx.settings, provider="vast", region="market"))

    def _steady(self) -> float:
        return self.now.timestamp()

    def _pause(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    @property
    def renter(self) -> Renter:
        return self.cloud.renter("renter")

    def statuses(self, name: str) -> list[str | None]:
        """Of the machines that are called so, as the cloud has them."""
        return [one.actual for one in self.renter.instances.values() if (one.label or "").startswith(f"{name}-")]


@contextmanager
def vast_world(database_url: str) -> Iterator[VastWorld]:
    found: list[VastWorld] = []
    cloud = Vast("secret", lambda: found[0].now, timedelta(seconds=5))
    with serving(cloud) as url:
        found.append(VastWorld(database_url, cloud, url))
        yield found[0]
        found[0].close()
