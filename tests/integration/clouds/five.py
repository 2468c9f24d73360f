"""All clouds in one fleet: one deployment with a machine at each, and at any of them the answers can be held back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from threading import Event
from typing import TYPE_CHECKING, Any

from im.domain.instance import Instance
from im.domain.intent import Deadline
from im.domain.scope import Scope
from im.providers import registry
from im.providers.contract import Provider
from im.providers.request import Ask
from im.services.requests import create
from im.services.requests import order as requests_order
from im.settings import Settings
from im.standins.azure import Azure
from im.standins.digitalocean import DigitalOcean
from im.standins.gcp import Gcp
from im.standins.hetzner import Hetzner
from im.standins.service import Service, serving
from tests.people import person
from tests.providers.clouds import public_key
from tests.standin.server import StandIn
from tests.standin_world import Near, StandInWorld

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

_KINDS: dict[str, type[Any]] = {"azure": Azure, "digitalocean": DigitalOcean, "gcp": Gcp, "hetzner": Hetzner}
FIVE = ("aws", *_KINDS)


class Door:
    """Before a stand-in: while it is shut, no call comes through, and none is answered."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.open, self.reached = Event(), Event()
        self.open.set()

    def clock(self) -> datetime:
        return self.service.clock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not self.open.is_set():
            self.reached.set()
            self.open.wait(60)
        return self.service(environ, start_response)


class FiveClouds(StandInWorld):
    """A world with EC2, and the others beside it by the same clock."""

    def __init__(self, database_url: str, ec2: StandIn, clients: Near) -> None:
        self.doors: dict[str, Door] = {}
        self.providers: dict[str, Provider] = {}
        super().__init__(database_url, ec2, clients)

    def _provider_for(self, scope: Scope) -> Provider:
        return self.providers.get(scope.provider, self.provider)

    def add(self, name: str, url: str) -> None:
        told = url.replace("//", "//sandbox:secret@")
        settings = Settings(provider=name, owner="ada", sandbox_url=f"{name}={told}")
        self.providers[name] = registry.connect(name, settings, self.deployment)

    def create_at(self, cloud: str, *, seconds: float = 3600) -> Instance:
        """One machine, called as its cloud."""
        ask = Ask(public_key=public_key(), owner="ada")
        deadline = Deadline(by=timedelta(seconds=seconds))
        order = requests_order.Order(cloud, "default", ask, cloud, 1, deadline, person("ada"))
        (made,) = create.create(self.ctx, order).changes
        return made.after


@contextmanager
def five_clouds(database_url: str, ec2: StandIn, clients: Near) -> Iterator[FiveClouds]:
    world = FiveClouds(database_url, ec2, clients)
    with ExitStack() as stack:
        for name, kind in _KINDS.items():
            door = world.doors[name] = Door(kind("secret", lambda: world.now, timedelta(seconds=5)))
            stack.callback(door.open.set)
            world.add(name, stack.enter_context(serving(door)))
        yield world
        world.close()
