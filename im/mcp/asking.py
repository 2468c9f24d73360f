"""A tool's request of the API, and how it gets there: over HTTP, or within the process of the API itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from im.domain.event import Channel
from im.mcp import CHANNEL_HEADER

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from im.cli.backend.place import Place

OURS: Mapping[str, str] = {CHANNEL_HEADER: Channel.MCP.value}


@dataclass(frozen=True, slots=True)
class Asked:
    """`path` is one of the API, without its prefix. A request with a `body` changes something, unless it is a rehearsal."""

    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    rehearsed: bool = False
    key: str | None = None
    """The same key: the same request. One of its own when left out."""
    patience: float = 0
    """Seconds beyond the usual for the answer."""


Api = Callable[[Asked], Awaitable[Any]]
"""Answers the API's document. Raises the error that it tells."""


class Over:
    """Over HTTP. Each request has a connection of its own: an agent may ask several things at once."""

    def __init__(self, place: Place) -> None:
        self._place = place

    async def __call__(self, asked: Asked) -> Any:
        from anyio.to_thread import run_sync

        return await run_sync(self._ask, asked, abandon_on_cancel=True)

    def _ask(self, asked: Asked) -> Any:
        from im.cli.backend.remote.link import Link

        link = Link(self._place, headers=OURS)
        try:
            if asked.body is None:
                return link.get(asked.path, asked.query, patience=asked.patience)
            if asked.rehearsed:
                return link.rehearse(asked.path, asked.body)
            return link.post(asked.path, asked.body, key=asked.key)
        finally:
            link.close()


class Within:
    """The application of the API in this process, asked as over HTTP: with the same rights, limits, errors and documents.

    `headers` say who asks; `client` is where they are (address, port).
    """

    def __init__(self, app: ASGIApp, headers: Mapping[str, str], client: tuple[str, int] = ("127.0.0.1", 0)) -> None:
        self._app, self._headers, self._client = app, {**headers, **OURS}, client

    async def __call__(self, asked: Asked) -> Any:
        import httpx2

        from im.cli.backend.remote.problem import document
        from im.cli.backend.remote.wire import Answer

        query = {name: value for name, value in asked.query.items() if value is not None}
        if asked.rehearsed:
            query["dry_run"] = "true"
        headers = {**self._headers, **({"Idempotency-Key": asked.key} if asked.key else {})}
        transport = httpx2.ASGITransport(app=self._app, client=self._client, raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            told = await client.request(
                "GET" if asked.body is None else "POST",
                f"/api/v1{asked.path}?{urlencode(query, doseq=True)}",
                json=asked.body,
                headers=headers,
            )
        return document(Answer(told.status_code, dict(told.headers), told.content), "im")
