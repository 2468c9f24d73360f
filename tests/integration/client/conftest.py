"""A program with a client of a true `im web`, on whose way something may happen to a request."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from im.cli.backend.remote.wire import Answer, Wire
from im.client import Client, Rental
from im.domain.access import Role
from tests.integration.web.conftest import KEY, Api
from tests.world import World


@dataclass
class Way:
    """`sent` are the requests, such as `POST /instances`; `then` is called with each one and how often it was sent, once it was
    answered."""

    sent: list[str] = field(default_factory=list)
    then: Callable[[str, int], None] = lambda _what, _count: None
    before: Callable[[str, int], None] = lambda _what, _count: None


@dataclass
class Program:
    client: Client
    api: Api
    way: Way

    @property
    def world(self) -> World:
        return self.api.world

    def create(self, **more: Any) -> Rental:
        return self.client.create(**{"for_": "2h", "name": "job", "public_key": KEY, "provider": "fake", **more})

    def rows(self) -> list[tuple[str, str]]:
        """Every machine that was ever asked for, and what is wanted of it."""
        found = self.api.ask("GET", "/api/v1/instances?all=true").body["items"]
        return [(one["name"], one["desired"]) for one in found]


@pytest.fixture
def way(monkeypatch: pytest.MonkeyPatch) -> Way:
    made, ask = Way(), Wire.ask

    def asked(wire: Wire, method: str, path: str, *rest: Any, **more: Any) -> Answer:
        what = f"{method} {path.partition('?')[0].removeprefix('/api/v1')}"
        made.sent.append(what)
        made.before(what, made.sent.count(what))
        answer = ask(wire, method, path, *rest, **more)
        made.then(what, made.sent.count(what))
        return answer

    monkeypatch.setattr(Wire, "ask", asked)
    return made


@pytest.fixture
def program(world: World, way: Way, monkeypatch: pytest.MonkeyPatch) -> Iterator[Program]:
    api = Api(world)
    api.user("ada", Role.ADMIN)
    client = Client(f"http://127.0.0.1:{api.port}", api.tokens["ada"])
    client.longest = 0
    client.pause = lambda _: world.advance(5)
    monkeypatch.setattr("im.client.reach.answers", lambda _host, _port: True)
    yield Program(client, api, way)
    api.close()
