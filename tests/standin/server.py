"""HTTP/1.1 with keep-alive for many clients in one thread: just enough of it for boto3 and for the control client."""

from __future__ import annotations

import asyncio
import json
import threading
from http import HTTPStatus
from types import TracebackType

from tests.standin import control, dispatch, services
from tests.standin.client import Control
from tests.standin.cloud import Cloud
from tests.standin.dispatch import Reply, Request

CONTROL = "/_standin/"
_PHRASES = {one.value: one.phrase for one in HTTPStatus}

services.load()


class _Connection(asyncio.Protocol):
    """One client; its requests are answered in their order."""

    def __init__(self, cloud: Cloud, all_open: set[asyncio.Transport]) -> None:
        self._cloud = cloud
        self._all_open = all_open
        self._received = bytearray()
        self._busy = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = self._opened = transport
        self._all_open.add(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._all_open.discard(self._opened)
        self._transport = None

    def data_received(self, data: bytes) -> None:
        self._received += data
        self._go_on()

    def _go_on(self) -> None:
        while not self._busy and self._transport is not None:
            request = self._next_request()
            if request is None:
                return
            reply = _reply(self._cloud, request)
            if reply.delay > 0:
                self._busy = True
                asyncio.get_running_loop().call_later(reply.delay, self._send_late, reply)
            else:
                self._send(reply)

    def _send_late(self, reply: Reply) -> None:
        self._busy = False
        self._send(reply)
        self._go_on()

    def _next_request(self) -> Request | None:
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return None
        first, *lines = self._received[:end].decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        size = int(headers.get("content-length", 0))
        if headers.get("expect", "").lower() == "100-continue" and len(self._received) == end + 4 and size:
            assert self._transport is not None
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if len(self._received) < end + 4 + size:
            return None
        body = bytes(self._received[end + 4 : end + 4 + size])
        del self._received[: end + 4 + size]
        method, path, _ = first.split(" ", 2)
        return Request(method, path, headers, body)

    def _send(self, reply: Reply) -> None:
        transport = self._transport
        if transport is None:
            return
        if reply.keep == -1:
            transport.close()
            self._transport = None
            return
        lines = [f"HTTP/1.1 {reply.status} {_PHRASES.get(reply.status, 'Status')}"]
        lines += [f"{name}: {value}" for name, value in reply.headers.items()]
        lines += [f"Content-Length: {len(reply.body)}", "", ""]
        transport.write("\r\n".join(lines).encode("latin-1"))
        transport.write(reply.body if reply.keep is None else reply.body[: reply.keep])
        if reply.keep is not None:
            transport.close()
            self._transport = None


def _reply(cloud: Cloud, request: Request) -> Reply:
    """Whatever breaks in the stand-in itself is told to the client in words, as a 500 that no cloud would send."""
    try:
        if request.path.startswith(CONTROL):
            return control.answer(cloud, request.path.removeprefix(CONTROL), request.body)
        return dispatch.answer(cloud, request)
    except Exception as exc:  # the server must go on, and a test must see what broke
        import traceback

        broken = {"broken": f"{type(exc).__name__}: {exc}", "where": traceback.format_exc()}
        return Reply(500, json.dumps(broken).encode(), {"Content-Type": "application/json"})


class Listener:
    """The listening socket and every connection that came through it."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._open: set[asyncio.Transport] = set()
        self.port = 0

    async def open(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Port 0 takes any free one; `port` says which."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self._cloud, self._open), host, port, backlog=512)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Cut every connection too: keep-alive would hold them open."""
        self._server.close()
        for transport in list(self._open):
            transport.abort()
        while self._open:
            await asyncio.sleep(0)


class StandIn:
    """A stand-in in a thread of this process, as a context manager: `url` for boto3, `control` for the test."""

    def __init__(self, *, seed: int = 0, start: float | None = None, throttle: bool = False) -> None:
        self.cloud = Cloud(seed=seed, start=start, throttle=throttle)
        self.url = ""
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._over = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="standin", daemon=True)

    def __enter__(self) -> StandIn:
        self._thread.start()
        self._ready.wait()
        self.control = Control(self.url)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.control.close()
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()
            self._ready.set()

    async def _serve(self) -> None:
        listener = Listener(self.cloud)
        await listener.open()
        self.url = f"http://127.0.0.1:{listener.port}"
        self._ready.set()
        await self._over.wait()
        await listener.close()
