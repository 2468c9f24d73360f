"""The small world with Lambda behind it: the real adapter over HTTP to the stand-in, whose clock is the world's.

A call that waits for its turn lets the world's time pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from im.providers.lambda_cloud.api import LambdaApi, Pace
from im.providers.lambda_cloud.provider import LambdaProvider
from im.standins.lambda_cloud import Lambda
from im.standins.lambda_cloud.team import Team
from im.standins.service import serving
from tests.worlds.cloud import CloudWorld

TOKEN = "team.secret"


class LambdaWorld(CloudWorld):
    """`create` asks for machines at Lambda; whoever sets `now` moves the cloud's clock as well."""

    named = "lambda"

    def __init__(self, database_url: str, cloud: Lambda, url: str) -> None:
        super().__init__(database_url)
        self.cloud = cloud
        self.pace = Pace(lambda: self.now.timestamp(), self._pause)
        self.provider = LambdaProvider(LambdaApi(lambda: TOKEN, url, self.pace), self.deployment)
        self.ctx = replace(self.ctx, settings=replace(self.ctx.settings, provider="lambda", region="all"))

    def _pause(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    @property
    def team(self) -> Team:
        return self.cloud.team("team")

    def statuses(self, name: str) -> list[str]:
        """Of the machines that are called so, as the cloud has them."""
        return [one.status for one in self.team.instances.values() if one.name.startswith(f"{name}.")]


@contextmanager
def lambda_world(database_url: str) -> Iterator[LambdaWorld]:
    found: list[LambdaWorld] = []
    cloud = Lambda("secret", lambda: found[0].now, timedelta(seconds=5))
    with serving(cloud) as url:
        found.append(LambdaWorld(database_url, cloud, url))
        yield found[0]
        found[0].close()
