"""The web process counts what is asked of it, and tells who scrapes: with a token that may read, or on a port of loopback's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import monotonic
from typing import TYPE_CHECKING

from fastapi import APIRouter
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from im.counted import OTHER, REQUEST_DURATION, REQUESTS
from im.domain.errors import Denied, Refused
from im.services.health.metrics import Collector, gauge, text_of
from im.web.api.asker import Asking
from im.web.api.problem import answers

if TYPE_CHECKING:
    from prometheus_client.core import Metric
    from starlette.applications import Starlette

    from im.context import Context

router = APIRouter(tags=["health"])
TEXT = "text/plain; version=0.0.4; charset=utf-8"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Figures:
    """For a registry: those of the deployment, and of this process."""

    def __init__(self, ctx: Context, streams: Callable[[], int]) -> None:
        self._collector = Collector(ctx)
        self._streams = streams

    def collect(self) -> Iterator[Metric]:
        yield from self._collector.collect()
        streams = gauge("sse_streams", "Streams of changes that this process holds open.")
        streams.add_metric([], self._streams())
        yield streams


@router.get(
    "/metrics",
    operation_id="get_metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **answers(401, 403, 429, 503)},
)
def get_metrics(request: Request, asker: Asking) -> Response:
    """The fleet's state in Prometheus' text format: sums over everybody's, so for those who see everything."""
    if not asker.sees_all:
        raise Denied(f"{asker.actor.name} sees what is their own", "ask an admin of this deployment")
    return Response(text_of(request.app.state.figures), media_type=TEXT)


def serve_apart(app: Starlette, port: int) -> Callable[[], None]:
    """The same for whoever is on this machine, without a token. Returns what ends it; raises Refused for a port that is taken."""
    from prometheus_client import CollectorRegistry, start_http_server

    registry = CollectorRegistry(auto_describe=False)
    registry.register(app.state.figures)
    try:
        server, thread = start_http_server(port, addr="127.0.0.1", registry=registry)
    except OSError as exc:
        raise Refused(
            f"127.0.0.1:{port} cannot be listened on: {exc.strerror}", "name another with IM_METRICS_PORT"
        ) from None

    def end() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    return end


class Counting:
    """Around everything: each request once, by the route that has answered it and not by its path, which may hold a name."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status, streams = monotonic(), 500, False

        async def watch(message: Message) -> None:
            nonlocal status, streams
            if message["type"] == "http.response.start":
                status = message["status"]
                streams = Headers(raw=message["headers"]).get("content-type", "").startswith("text/event-stream")
            await send(message)

        try:
            await self._app(scope, receive, watch)
        finally:
            route = getattr(scope.get("route"), "path", OTHER)
            method = scope["method"] if scope["method"] in METHODS else OTHER
            REQUESTS.add(route, method, str(status))
            if not streams:
                REQUEST_DURATION.observe(monotonic() - began, route, method)
