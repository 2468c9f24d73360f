"""`/mcp`: the tools for agents over streamable HTTP, in the right of the token that is shown with each request.

No session is kept, so that any of several processes answers, and no stream is opened: GET is refused by the route, where the
library would hold it open without a byte (modelcontextprotocol/python-sdk#3492). Host, origin and size are `im.web.gate`'s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from anyio.to_thread import run_sync
from fastapi import APIRouter
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from im.domain.errors import NotSignedIn, Unavailable
from im.mcp.asking import Within
from im.web.api.asker import bearer_of, look_in
from im.web.gate import LARGEST

if TYPE_CHECKING:
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager


class _Mcp:
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        token = bearer_of(request)
        if token is None:  # a browser's cookie is none: no page has business here
            raise NotSignedIn("this needs a token", "send Authorization: Bearer im_pat_…; im token create  makes one")
        await run_sync(look_in, request, token)
        client = (request.client.host, request.client.port) if request.client else ("127.0.0.1", 0)
        api = Within(request.app, {"Authorization": f"Bearer {token}"}, client)
        manager = await run_sync(_manager, api)
        async with manager.run():
            await manager.handle_request(scope, receive, send)


def _manager(api: Within) -> StreamableHTTPSessionManager:
    """For one request, whose right its tools have. Raises Unavailable where the library is missing."""
    try:
        from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

        from im.mcp.server import make_server  # the first agent waits for it, and nobody else
    except ModuleNotFoundError as exc:
        raise Unavailable(
            f"/mcp needs {exc.name}, which is not installed here", "pip install 'im-instances[mcp]'"
        ) from None
    return StreamableHTTPSessionManager(
        make_server(api), json_response=True, stateless=True, max_request_body_size=LARGEST
    )


router = APIRouter(routes=[Route("/mcp", _Mcp(), methods=["POST"])])
