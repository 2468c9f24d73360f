"""A command line that speaks to an API: the true one before a world, or a server that answers as it is told to."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import pytest
from click.testing import CliRunner, Result

from im import __version__
from im.cli.backend.place import Place
from im.cli.backend.remote import Remote
from im.cli.backend.remote.link import Link
from im.cli.backend.remote.wire import Wire
from im.cli.main import im
from im.cli.session import Session
from tests.integration.serving import Serving

TOKEN = "im_pat_" + "x" * 43 + "000000"


@dataclass
class Odd:
    """A server that reads a whole request and then sends what `says` makes of it, byte for byte; None: it hangs up."""

    says: Callable[[int], bytes | None]
    heard: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._door = socket.create_server(("127.0.0.1", 0))
        self.place = Place(f"http://127.0.0.1:{self._door.getsockname()[1]}", TOKEN)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                caller, _ = self._door.accept()
            except OSError:
                return
            with caller, suppress(OSError):
                self.heard.append(_whole(caller))
                answer = self.says(len(self.heard))
                if answer == b"":  # it takes its time
                    caller.settimeout(5)
                    caller.recv(1)
                elif answer is not None:
                    caller.sendall(answer)

    def close(self) -> None:
        with suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)  # whoever waits there is told
        self._door.close()


def _whole(caller: socket.socket) -> bytes:
    read = b""
    while b"\r\n\r\n" not in read:
        read += caller.recv(65536)
    head, _, body = read.partition(b"\r\n\r\n")
    length = next((int(one[15:]) for one in head.lower().split(b"\r\n") if one.startswith(b"content-length:")), 0)
    while len(body) < length:
        body += caller.recv(65536)
    return head + b"\r\n\r\n" + body


def answer(body: bytes, *, status: str = "200 OK", kind: str = "application/json", version: str = __version__) -> bytes:
    head = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}", "Connection: close"]
    head += [f"X-Im-Version: {version}"] if version else []
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


@pytest.fixture
def odd() -> Iterator[Callable[[Callable[[int], bytes | None]], Odd]]:
    made: list[Odd] = []

    def serve(says: Callable[[int], bytes | None]) -> Odd:
        made.append(Odd(says))
        return made[-1]

    yield serve
    for one in made:
        one.close()


def ask(place: Place, *words: str, typed: str | None = None, patience: float = 5.0) -> Result:
    """`im WORDS` over the API at `place`; nobody waits between two tries."""
    session = Session(place=place)
    link = Link(place, wire=Wire(place.url, connect=patience, read=patience), pause=lambda _: None)
    session.__dict__["backend"] = Remote(place, link)
    return CliRunner().invoke(im, list(words), obj=session, prog_name="im", input=typed)


def passed_on(serving: Serving, request: bytes) -> bytes:
    """What the true server answers to a request."""
    port = int(serving.url.rpartition(":")[2])
    first, _, rest = request.partition(b"\r\n")
    with socket.create_connection(("127.0.0.1", port), timeout=30) as server:
        server.sendall(first + b"\r\nConnection: close\r\n" + rest)
        read = b""
        while more := server.recv(65536):
            read += more
    return read
