"""The API over real HTTP, before a world whose clock is stepped."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI

from im.domain.access import EVERYTHING, Grant, Role
from im.domain.people.user import UserKind
from im.services.health import counters
from im.services.people import tokens, users
from im.web.api.counts import Counts
from im.web.api.rates import Pace, Rates
from im.web.app import make_app, put_before
from im.web.server import configured, shared
from tests.people import person
from tests.waiting import until
from tests.world import World

ROOT = person("root")
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUvTP2ZzNfVJzGwDgnBpGmGH1GSUSbY0yV9r9eoyv6z me"


@dataclass(frozen=True, slots=True)
class Said:
    status: int
    headers: http.client.HTTPMessage
    text: str

    @property
    def body(self) -> Any:
        return json.loads(self.text)


class _Unlimited(Rates):
    def take(self, pace: Pace, who: str) -> None:
        pass


counters.REFRESH_EVERY = 3600  # s: many applications stand in this process, and one would write what another counted

_SPARE: list[FastAPI] = []
"""Nobody is served by them: FastAPI builds an application's routes when it is first asked, which takes longer than a test."""


class Api:
    """The server, and people who ask it."""

    def __init__(self, world: World, port: int = 0) -> None:
        self.world = world
        ctx = shared(replace(world.ctx, dispose=lambda: None))
        app = _SPARE.pop() if _SPARE else make_app(ctx)
        put_before(app, ctx)
        self._server = uvicorn.Server(configured(app, port=port))
        self.app = app
        app.state.ending = lambda: self._server.should_exit
        self.unhurried()
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        until("a server that listens", lambda: self._server.started)
        self.port = self._server.servers[0].sockets[0].getsockname()[1]
        self.tokens: dict[str, str] = {}

    def unhurried(self) -> None:
        """Stories ask faster than people."""
        self._server.config.app.state.rates = _Unlimited(Counts())  # type: ignore[union-attr]

    def hurried(self) -> None:
        state = self._server.config.app.state  # type: ignore[union-attr]
        state.rates = Rates(Counts.of(state.ctx))

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join(10)
        if not self.running and self.app not in _SPARE:
            _SPARE.append(self.app)

    def user(
        self, login: str, role: Role = Role.MEMBER, *, team: str | None = None, grants: frozenset[Grant] = EVERYTHING
    ) -> None:
        users.add(self.world.ctx, login, role=role, team=team, actor=ROOT)
        self.tokens[login] = tokens.create(self.world.ctx, login, "test", grants=grants, actor=ROOT).secret

    def team(self, name: str) -> None:
        users.add(self.world.ctx, name, kind=UserKind.TEAM, actor=ROOT)

    def ask(self, method: str, path: str, body: object = None, *, by: str | None = "ada", **headers: str) -> Said:
        """Names of headers are written with _ for -."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if by is not None:
            sent.setdefault("Authorization", f"Bearer {self.tokens.get(by, by)}")
        data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        if data is not None:
            sent.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, data, sent)
            answer = connection.getresponse()
            return Said(answer.status, answer.headers, answer.read().decode())
        finally:
            connection.close()

    def create(self, name: str = "web", *, by: str = "ada", **more: object) -> Said:
        form = {"name": name, "public_key": KEY, "duration": "1h", "provider": "fake", **more}
        return self.ask("POST", "/api/v1/instances", form, by=by)


@pytest.fixture
def api(world: World) -> Iterator[Api]:
    made = Api(world)
    made.user("ada", Role.ADMIN)
    yield made
    made.close()
