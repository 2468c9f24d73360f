"""`im web`: the application behind uvicorn, on loopback unless people can sign in."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING, Any

import uvicorn

from im.address import LOOPBACK
from im.context import Context, open_context
from im.db.read.pool import ReadPool
from im.domain.config.oidc import OidcSettings
from im.domain.config.web import WebSettings
from im.domain.errors import Refused
from im.services.people import users
from im.web.app import make_app
from im.web.impatient import Impatient
from im.web.metrics import serve_apart

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

    from fastapi import FastAPI

    from im.queue.tasks import Queue, Task
    from im.settings import Settings


class _OneAtATime:
    """A queue that many threads ring: its connection is one."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._lock = Lock()

    def ring(self, task: Task, ids: Sequence[str] = (), **how: Any) -> bool:
        with self._lock:
            return self._queue.ring(task, ids, **how)


def shared(ctx: Context) -> Context:
    """The same for many threads: each look has a connection of its own while it lasts."""
    pool = ReadPool(ctx.settings.database_url)

    def dispose() -> None:
        pool.close()
        ctx.dispose()

    return replace(ctx, look=pool.look, dispose=dispose)


def open_shared(settings: Settings) -> Context:
    """A context of its own for many threads. Nothing is connected yet."""
    ctx = open_context(settings)
    return replace(shared(ctx), queue=_OneAtATime(ctx.queue))


def serve(settings: Settings) -> int:
    """Serve until SIGINT or SIGTERM. Raises Refused where it must not listen, or cannot."""
    own, oidc = settings.own(WebSettings), settings.own(OidcSettings)
    if oidc.oidc_issuer and not oidc.oidc_client_id:
        raise Refused("IM_OIDC_ISSUER is set, and what it calls us is not", "set IM_OIDC_CLIENT_ID")
    beyond = own.web_host not in LOOPBACK
    if beyond and not own.web_url:
        raise Refused(
            f"im web does not listen on {own.web_host} without a name for it",
            "set IM_WEB_URL=https://… and stand a proxy with TLS before it, or leave IM_WEB_HOST out",
        )
    ctx = open_shared(settings)
    if beyond and not oidc.oidc_issuer and not users.listed(ctx):
        raise Refused(
            f"im web does not listen on {own.web_host} as long as nobody can sign in",
            "im user add NAME --role admin  makes the first user; or set IM_OIDC_ISSUER",
        )
    try:
        sock = socket.create_server(
            (own.web_host, own.web_port), family=socket.AF_INET6 if ":" in own.web_host else socket.AF_INET
        )
    except OSError as exc:
        raise Refused(
            f"{own.web_host}:{own.web_port} cannot be listened on: {exc.strerror}", "name another with IM_WEB_PORT"
        ) from None
    app = make_app(ctx)
    server = _Server(configured(app))
    app.state.ending = lambda: server.should_exit  # uvicorn waits for open streams, which end by themselves
    end_metrics = serve_apart(app, own.metrics_port) if own.metrics_port else lambda: None
    server.run(sockets=[sock])
    end_metrics()
    return 130 if signal.SIGINT in server.asked else 0


class _Server(uvicorn.Server):
    """A signal ends it in order, and is over then: uvicorn raises it once more, which a supervisor would take for a crash."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.asked: list[int] = []

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        before = {number: signal.signal(number, self._end) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _end(self, number: int, frame: FrameType | None) -> None:
        self.asked.append(number)
        self.handle_exit(number, frame)


def configured(app: FastAPI, **more: Any) -> uvicorn.Config:
    """uvicorn as it serves us: nothing of a proxy's is believed, nothing of a client's is waited for without end."""
    return uvicorn.Config(
        app,
        http=Impatient,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        h11_max_incomplete_event_size=32 * 1024,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=5,
        limit_concurrency=500,
        **more,
    )
