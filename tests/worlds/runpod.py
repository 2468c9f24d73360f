"""The small world with RunPod behind it: the real adapter over HTTP to the stand-in, whose clock is the world's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

from im.domain.instance import Instance
from im.domain.intent import Deadline
from im.providers.request import Ask
from im.providers.runpod.api import RunPodApi
from im.providers.runpod.provider import RunPodProvider
from im.services.requests import create
from im.services.requests import order as requests_order
from im.standins.runpod import RunPod
from im.standins.runpod.account import Account
from im.standins.service import serving
from tests.people import person
from tests.providers.clouds import public_key
from tests.world import World

WHO = "default"


class RunPodWorld(World):
    """`create` asks for pods at RunPod; whoever sets `now` moves the cloud's clock as well."""

    def __init__(self, database_url: str, cloud: RunPod, url: str) -> None:
        super().__init__(database_url)
        self.cloud, self.url = cloud, url
        self.provider = RunPodProvider(RunPodApi(lambda: f"{WHO}.secret", url), self.deployment)
        self.ctx = replace(self.ctx, settings=replace(self.ctx.settings, provider="runpod", region="all"))

    def create(
        self,
        name: str = "web",
        *,
        seconds: float = 3600,
        count: int = 1,
        actor: str = "ada",
        kind: str | None = None,
        zone: str | None = None,
        options: dict[str, str] | None = None,
        **order_as: Any,
    ) -> list[Instance]:
        ask = Ask(public_key=public_key(), owner=actor, instance_type=kind, zone=zone, options=options or {})
        order = requests_order.Order(
            *("runpod", "default", ask, name, count, Deadline(by=timedelta(seconds=seconds)), person(actor)),
            **order_as,
        )
        return [c.after for c in create.create(self.ctx, order).changes]

    @property
    def account(self) -> Account:
        return self.cloud.account(WHO)

    def statuses(self, name: str) -> list[str]:
        """Of the pods that are called so, as the cloud has them."""
        return [one.status for one in self.account.pods.values() if one.name.startswith(f"{name}.")]


@contextmanager
def runpod_world(database_url: str) -> Iterator[RunPodWorld]:
    found: list[RunPodWorld] = []
    cloud = RunPod("secret", lambda: found[0].now, timedelta(seconds=4))
    with serving(cloud) as url:
        found.append(RunPodWorld(database_url, cloud, url))
        yield found[0]
        found[0].close()
