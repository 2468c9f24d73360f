"""The small world with Vast behind it: the real adapter over HTTP to the stand-in, whose clock is the world's.

A call that waits for its turn lets the world's time pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

from im.domain.instance import Instance
from im.domain.intent import Deadline
from im.providers.kit.pace import Pace
from im.providers.request import Ask
from im.providers.vast.api import CLOUD, EVERY, PATIENCE, VastApi
from im.providers.vast.provider import VastProvider
from im.services.requests import create
from im.services.requests import order as requests_order
from im.standins.service import serving
from im.standins.vast import Vast
from im.standins.vast.renter import Renter
from tests.people import person
from tests.providers.clouds import public_key
from tests.world import World

TOKEN = "renter.secret"


class VastWorld(World):
    """`create` asks for machines at Vast; whoever sets `now` moves the cloud's clock as well."""

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
            *("vast", "default", ask, name, count, Deadline(by=timedelta(seconds=seconds)), person(actor)),
            **order_as,
        )
        return [c.after for c in create.create(self.ctx, order).changes]

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
