"""Receivers of notices, real ones on loopback: an HTTP server and an SMTP server that take, refuse, or kill their sender."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller


class Web:
    """What came, in order; `status` is what it answers, `before_answer` what it does while the sender waits."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.status = 200
        self.got: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.asked = 0
        self.before_answer: Callable[[], None] = lambda: None


@contextmanager
def web() -> Iterator[Web]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            receiver.asked += 1
            if receiver.status < 300:
                receiver.got.append(body)
                receiver.keys.append(self.headers["Idempotency-Key"])
            receiver.before_answer()
            try:
                self.send_response(receiver.status)
                self.send_header("Content-Length", "0")
                self.end_headers()
            except OSError:
                pass  # the sender is dead

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Web(f"http://127.0.0.1:{server.server_address[1]}/hook/secret")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Post:
    """Mails as they came; `answer` is what the server says to each."""

    def __init__(self) -> None:
        self.url = ""
        self.answer = "250 taken"
        self.letters: list[EmailMessage] = []
        self.to: list[str] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        if self.answer.startswith("250"):
            letter = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(letter, EmailMessage)
            self.letters.append(letter)
            self.to += envelope.rcpt_tos
        return self.answer


@contextmanager
def post() -> Iterator[Post]:
    office = Post()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(office, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        office.url = f"smtp://127.0.0.1:{port}"
        yield office
    finally:
        controller.stop()
