"""Who sends a request or takes an answer without end is hung up on, and keeps nobody out meanwhile."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn

from im.web import impatient
from im.web.api import stream
from im.web.server import configured
from tests.integration.web.conftest import Api
from tests.integration.web.test_stream import Stream
from tests.waiting import until

BEGUN = b"POST /api/v1/instances HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


@contextmanager
def connected(api: Api) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", api.port), timeout=20) as raw:
        yield raw


def hung_up(raw: socket.socket) -> bool:
    """The server has ended it, with or without a word; the socket's time-out fails the test otherwise."""
    try:
        while raw.recv(4096):
            pass
    except ConnectionError:
        pass
    return True


@pytest.mark.parametrize(
    "said",
    [b"", b"\r\n", b"G", BEGUN, BEGUN + b"Content-Length: 100\r\n\r\n{", BEGUN + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"],
    ids=["nothing", "a blank line", "a letter", "half a head", "half a body", "a chunk"],
)  # fmt: skip
def test_whoever_begins_and_does_not_end_is_hung_up_on(api: Api, monkeypatch: pytest.MonkeyPatch, said: bytes) -> None:
    monkeypatch.setattr(impatient, "WHOLE", 0.3)
    token = f"Authorization: Bearer {api.tokens['ada']}\r\n".encode()
    with connected(api) as raw:
        raw.sendall(said.replace(b"Host: localhost\r\n", b"Host: localhost\r\n" + token))
        assert api.ask("GET", "/api/v1/instances").body["items"] == [], "others are served meanwhile"
        assert hung_up(raw)
    assert api.ask("GET", "/api/v1/instances").body["items"] == []


def test_another_byte_now_and_then_gains_nothing(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(impatient, "WHOLE", 0.5)
    with connected(api) as raw:
        raw.sendall(BEGUN + b"X-Long: ")
        raw.settimeout(0.02)

        def ended() -> bool:
            try:
                raw.sendall(b"a")
                return raw.recv(1) == b""
            except TimeoutError:
                return False
            except ConnectionError:
                return True

        until("it is hung up on", ended)


def test_a_second_request_on_a_connection_is_waited_for_no_longer(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(impatient, "WHOLE", 0.3)
    with connected(api) as raw:
        for _ in range(2):
            raw.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            answer = b""
            while not answer.endswith(b"}"):
                answer += raw.recv(4096)
            assert answer.startswith(b"HTTP/1.1 200")
        raw.settimeout(0.6)
        with pytest.raises(TimeoutError):  # between two requests there is time
            raw.recv(1)
        raw.settimeout(20)
        raw.sendall(b"GET /healthz HTTP/1.1\r\nHo")
        assert hung_up(raw)


def test_a_stream_that_has_nothing_to_say_lasts(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(impatient, "WHOLE", 0.2)
    monkeypatch.setattr(stream, "ALIVE_EVERY", 0.4)
    heard = Stream(api, "ada")
    for _ in range(3):
        assert heard.next(": alive")
    heard.close()


def test_whoever_asks_and_never_reads_is_hung_up_on(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(impatient, "TAKEN", 0.3)
    one = b"GET /api/v1/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
    open_ones = api._server.server_state.connections
    with socket.socket() as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.settimeout(20)
        raw.connect(("127.0.0.1", api.port))
        raw.sendall(one * 60)
        until("it is there", lambda: len(open_ones) == 1)
        until("it is hung up on", lambda: not open_ones)
    assert api.ask("GET", "/healthz", by=None).status == 200


def test_no_answer_waits_for_a_delayed_acknowledgement() -> None:
    """On a socket as `im web` listens on: asyncio itself sees to it only where that names its protocol."""
    server = uvicorn.Server(configured(_nothing, lifespan="off"))  # type: ignore[arg-type]
    listens = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listens]}, daemon=True)
    thread.start()
    try:
        with socket.create_connection(listens.getsockname(), timeout=20):
            until("it is there", lambda: len(server.server_state.connections) == 1)
            (one,) = server.server_state.connections
            assert isinstance(one, impatient.Impatient)
            served = one.transport.get_extra_info("socket")
            assert served.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
    finally:
        server.should_exit = True
        thread.join(20)


async def _nothing(scope: object, receive: object, send: object) -> None:
    pass
