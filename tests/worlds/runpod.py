"""The small world with RunPod behind it: the real adapter over HTTP to the stand-in, whose clock is the world's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from im.providers.runpod.api import RunPodApi
from im.providers.runpod.provider import RunPodProvider
from im.standins.runpod import RunPod
from im.standins.runpod.account import Account
from im.standins.service import serving
from tests.worlds.cloud import CloudWorld

WHO = "default"


class RunPodWorld(CloudWorld):
    """`create` asks for pods at RunPod; whoever sets `now` moves the cloud's clock as well."""

    named = "runpod"

    def __init__(self, database_url: str, cloud: RunPod, url: str) -> None:
        super().__init__(database_url)
        self.cloud, self.url = cloud, url
        self.provider = RunPodProvider(RunPodApi(lambda: f"{WHO}.secret", url), self.deployment)
        self.ctx = replace(self.ctx, settings=replace(self.ctx.settings, provider="runpod", region="all"))

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
