"""The small world with EC2 behind it: the real adapter and boto3 over HTTP to the stand-in, whose clock is the world's."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import boto3
import botocore.config

from im.domain.adoption import Adopt
from im.domain.instance import Instance
from im.domain.intent import Deadline
from im.domain.state import Observed
from im.providers.aws.api.clients import Clients, equip
from im.providers.aws.provider import AwsProvider
from im.providers.aws.settings import AwsSettings
from im.providers.request import Ask
from im.services.requests import create
from im.services.requests import order as requests_order
from im.settings import Settings
from tests.people import person
from tests.providers.clouds import REGION, public_key
from tests.standin.server import StandIn
from tests.world import World

ASK = Ask(public_key=public_key(), owner="ada")
_GONE = ("terminated", "shutting-down")
_READ = 4
"""Seconds until a call counts as hung: nothing here waits for a network, but a busy machine takes its time."""
HANGS = _READ + 2
"""Seconds after which nobody waits for an answer any more."""


class Near(Clients):
    """Clients of the stand-in, with nothing of a sandbox about them; made once, because making them takes longer than a test."""

    def __init__(self, url: str) -> None:
        super().__init__(Settings())
        self._url = url

    @cached_property
    def raw(self) -> Any:
        """The hand that reaches around us."""
        return self._open().client("ec2", endpoint_url=self._url)

    def _open(self) -> boto3.Session:
        if self._session is None:
            self._session = boto3.Session("AKIATEST", "none", region_name=REGION)
        return self._session

    def _client(self, service: Any, region: str, config: botocore.config.Config) -> Any:
        key = (service, region, id(config))
        if key not in self._made:
            hurried = config.merge(botocore.config.Config(read_timeout=_READ))
            self._made[key] = self._open().client(service, region, endpoint_url=self._url, config=hurried)
            equip(self._made[key], key[2], self._regions)
        return self._made[key]


class StandInWorld(World):
    """`create` asks for machines at EC2; whoever sets `now` moves the cloud's clock as well."""

    def __init__(self, database_url: str, standin: StandIn, clients: Near) -> None:
        self._clients = clients
        self.control = standin.control
        self.control.reset()
        super().__init__(database_url)
        settings = Settings(
            database_url=database_url,
            provider="aws",
            region=REGION,
            owner="ada",
            adopt=Adopt.ANY,
            parts=(AwsSettings(iam_roles="any"),),
        )
        self.provider = AwsProvider(settings, self.deployment, clients)
        self.ctx = replace(self.ctx, settings=settings)

    @property
    def now(self) -> datetime:
        return self._now

    @now.setter
    def now(self, moment: datetime) -> None:
        if hasattr(self, "_now"):
            self.control.step((moment - self._now).total_seconds())
        self._now = moment

    def create(
        self, name: str = "web", *, seconds: float = 3600, count: int = 1, actor: str = "ada", **order_as: Any
    ) -> list[Instance]:
        ask = order_as.pop("ask", ASK)
        deadline = Deadline(by=_span(seconds))
        order = requests_order.Order("aws", "default", ask, name, count, deadline, person(actor), **order_as)
        return [c.after for c in create.create(self.ctx, order).changes]

    @property
    def raw(self) -> Any:
        return self._clients.raw

    def at_cloud(self, name: str = "web") -> Observed:
        machine = self.row(name).provider_id
        (state,) = [one["state"] for one in self.control.machines() if one["id"] == machine]
        return Observed("terminating" if state == "shutting-down" else state)

    def machines(self) -> list[str]:
        return [one["id"] for one in self.control.machines() if one["state"] not in _GONE]

    def states(self) -> list[str]:
        """Of every machine that exists, sorted."""
        return sorted(one["state"] for one in self.control.machines() if one["state"] not in _GONE)

    def calls(self, verb: str) -> list[tuple[str, ...]]:
        raise NotImplementedError("ask control.calls")


def _span(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)
