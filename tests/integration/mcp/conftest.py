"""An agent, played by the protocol's own client: over `/mcp`, over the API as `im mcp` asks it, and beside the database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import anyio
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from im.cli.backend.place import Place
from im.domain.access import Actor, Role
from im.domain.event import Channel
from im.mcp.asking import Over, Within
from im.mcp.server import make_server
from im.web.api.asker import ask_as
from im.web.app import make_app
from im.web.server import shared
from tests.integration.web.conftest import KEY, Api
from tests.world import World

ROADS = ("/mcp", "im mcp over the API", "im mcp beside the database")


@dataclass(frozen=True, slots=True)
class Answer:
    failed: bool
    told: Any
    text: str

    @property
    def error(self) -> Any:
        assert self.failed, self.told
        return self.told["error"]


@dataclass(frozen=True, slots=True)
class Agent:
    client: Client

    async def ask(self, tool: str, **arguments: object) -> Answer:
        said = await self.client.call_tool(tool, arguments)
        return Answer(said.is_error, said.structured_content, "\n".join(one.text for one in said.content))  # type: ignore[union-attr]

    async def done(self, tool: str, **arguments: object) -> Any:
        """What it answers, which must go well."""
        said = await self.ask(tool, **arguments)
        assert not said.failed, said.told
        return said.told

    async def create(self, name: str = "job", **more: object) -> Answer:
        return await self.ask(
            "create", **{"name": name, "public_key": KEY, "duration": "2h", "provider": "fake", **more}
        )


Story = Callable[[Agent], Awaitable[None]]


@dataclass
class Roads:
    api: Api

    @property
    def world(self) -> World:
        return self.api.world

    def tell(self, story: Story, road: str = ROADS[0], *, by: str = "ada") -> None:
        """The story of an agent that comes by `road`, with the token of `by`."""

        async def told() -> None:
            async with self._client(road, self.api.tokens[by]) as client:
                await story(Agent(client))

        try:
            anyio.run(told)
        except BaseExceptionGroup as group:  # each task group of the library wraps what went wrong in a story once more
            raise _first(group) from None

    @asynccontextmanager
    async def _client(self, road: str, token: str) -> AsyncIterator[Client]:
        url = f"http://127.0.0.1:{self.api.port}"
        if road == ROADS[0]:
            async with (
                httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=30) as http,
                Client(streamable_http_client(f"{url}/mcp", http_client=http)) as client,
            ):
                yield client
            return
        if road == ROADS[1]:
            asking: Over | Within = Over(Place(url, token))
        else:
            app = make_app(shared(replace(self.world.ctx, dispose=lambda: None)))
            ask_as(app, lambda request_id: Actor.admin("ada", Channel.MCP, request_id))
            asking = Within(app, {})
        async with Client(make_server(asking)) as client:
            yield client


def _first(group: BaseException) -> BaseException:
    return _first(group.exceptions[0]) if isinstance(group, BaseExceptionGroup) else group


@pytest.fixture
def roads(world: World) -> Iterator[Roads]:
    api = Api(world)
    api.user("ada", Role.ADMIN)
    yield Roads(api)
    api.close()
