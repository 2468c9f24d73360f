"""For `im mcp`: who asks, and the tools over stdin and stdout."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import anyio

from im.domain.access import Actor
from im.domain.event import Channel
from im.mcp.asking import Api, Over, Within
from im.mcp.server import make_server
from im.views.exits import Exit

if TYPE_CHECKING:
    from types import FrameType

    from im.cli.backend.place import Place
    from im.settings import Settings


def over(place: Place) -> Api:
    """In the right of the token that is kept for `place`. No database is known."""
    return Over(place)


def beside(settings: Settings) -> Api:
    """Over the database itself, as commands do it: whoever has its address is its admin, under the name of this machine's user."""
    from im.web.api.asker import ask_as
    from im.web.app import make_app
    from im.web.server import open_shared

    app = make_app(open_shared(settings))
    ask_as(app, lambda request_id: Actor.admin(settings.owner, Channel.MCP, request_id))
    return Within(app, {})


def serve(api: Api) -> None:
    """Until stdin ends, or a signal comes."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end)
    anyio.run(_serve, api)


def _end(_number: int, _frame: FrameType | None) -> None:
    """At once: a thread of the library waits for the next line of stdin, which an end in order would wait for too.

    Nothing is lost with this process. What was asked for is stored elsewhere, or was never asked for.
    """
    os._exit(Exit.INTERRUPTED)


async def _serve(api: Api) -> None:
    from mcp.server.stdio import stdio_server

    server = make_server(api)
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())
