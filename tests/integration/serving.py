"""One server of the API for a whole run of tests, before whichever world a test is in."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import uvicorn

from im.cli.backend.place import Place
from im.context import Context
from im.domain.access import Actor
from im.domain.event import Channel
from im.services.people import tokens
from im.web.api.counts import Counts
from im.web.api.rates import Pace, Rates
from im.web.app import make_app
from im.web.server import configured, shared
from tests.waiting import until
from tests.world import World


class Unlimited(Rates):
    """Stories ask faster than people."""

    def take(self, pace: Pace, who: str) -> None:
        pass


class Serving:
    """`before` puts a world behind it; whoever asks has the deployment's own admin's right, as with the database's address."""

    def __init__(self, world: World) -> None:
        self.app = make_app(_behind(world))
        self.app.state.rates = Unlimited(Counts())
        self._server = uvicorn.Server(configured(self.app, port=0))
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        until("a server that listens", lambda: self._server.started)
        self.url = f"http://127.0.0.1:{self._server.servers[0].sockets[0].getsockname()[1]}"

    def before(self, world: World) -> Place:
        self.app.state.ctx.dispose()
        self.app.state.ctx = _behind(world)
        actor = Actor.admin(world.ctx.settings.owner, Channel.CLI)
        made = tokens.break_glass(world.ctx, "stories", life=timedelta(days=60), actor=actor)
        return Place(self.url, made.secret)

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join(10)


def _behind(world: World) -> Context:
    return shared(replace(world.ctx, dispose=lambda: None))
