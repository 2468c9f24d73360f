"""A receiver of webhooks on loopback: keeps what came, byte for byte, and answers as it is told to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True)
class Got:
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def told(self) -> Any:
        return json.loads(self.body)

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


@dataclass
class Receiver:
    url: str
    status: int = 200
    answer_headers: dict[str, str] = field(default_factory=dict)
    asked: list[Got] = field(default_factory=list)
    before_answer: Callable[[], None] = lambda: None

    @property
    def taken(self) -> list[Got]:
        return [one for one in self.asked if one.headers["answered"] == "yes"]

    @property
    def types(self) -> list[str]:
        return [one.told["type"] for one in self.taken]


@contextmanager
def receiving() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            yes = "yes" if receiver.status < 300 else "no"
            headers = {name.lower(): value for name, value in self.headers.items()} | {"answered": yes}
            receiver.asked.append(Got(self.path, headers, body))
            receiver.before_answer()
            with suppress(OSError):  # the sender is dead
                self.send_response(receiver.status)
                for name, value in {"Content-Length": "0", **receiver.answer_headers}.items():
                    self.send_header(name, value)
                self.end_headers()

        def do_GET(self) -> None:
            receiver.asked.append(Got(self.path, {"answered": "no"}, b""))

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(f"http://127.0.0.1:{server.server_address[1]}/hooks/a-secret-path")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
