"""The small world with Lambda behind it: the real adapter over HTTP to the stand-in, whose clock is the world's.

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
from im.providers.lambda_cloud.api import LambdaApi, Pace
from im.providers.lambda_cloud.provider import LambdaProvider
from im.providers.request import Ask
from im.services.requests import create
from im.services.requests import order as requests_order
from im.standins.lambda_cloud import Lambda
from im.standins.lambda_cloud.team import Team
from im.standins.service import serving
from tests.people import person
from tests.providers.clouds import public_key
from tests.world import World

TOKEN = "team.secret"


class LambdaWorld(World):
    """`create` asks for machines at Lambda; whoever sets `now` moves the cloud's clock as well."""

    def __init__(self, database_url: str, cloud: Lambda, url: str) -> None:
        super().__init__(database_url)
        self.cloud = cloud
        self.pace = Pace(lambda: self.now.timestamp(), self._pause)
        self.provider = LambdaProvider(LambdaApi(lambda: TOKEN, url, self.pace), self.deployment)
        self.ctx = replace(self.ctx, settings=replace(self.ctx.settings, provider="lambda", region="all"))

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
            *("lambda", "default", ask, name, count, Deadline(by=timedelta(seconds=seconds)), person(actor)),
            **order_as,
        )
        return [c.after for c in create.create(self.ctx, order).changes]

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
