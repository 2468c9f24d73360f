"""A doorbell as the bytes that a Celery worker takes from a Redis list, and the shortest way to put it there.

Celery's own publisher costs a quarter of a second to import; a command line pays that on every run. The message is Celery's
documented one (protocol 2, https://docs.celeryq.dev/en/stable/internals/protocol.html) in kombu's envelope for virtual transports.
"""

from __future__ import annotations

import base64
import json
import os
import socket
import threading
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast

from im.broker import check

CONNECT, ANSWER = 3.0, 5.0
"""Seconds to wait for a connection and for an answer: a frozen broker must not hang whoever rings."""


class NotTaken(OSError):
    """The broker answered, and refused: no room, read-only, a wrong password."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a plain broker is."""

    host: str
    port: int
    database: int
    user: str | None
    password: str | None


def plain_address(url: str) -> Address | None:
    """Where a plain `redis://` URL leads; None for what has more to it (TLS, sockets), which is left to Celery, and for no URL.

    Raises Refused for what nobody can ring with.
    """
    found = check(url)
    if found is None or found.scheme != "redis" or found.query:
        return None
    return Address(found.host, found.port or 6379, int(found.path.strip("/") or 0), found.user or None, found.password)


def message(task: str, args: Sequence[object], queue: str, *, label: str = "", after: float = 0) -> bytes:
    """One message for `queue`, to be done in `after` seconds by the clock of this machine; `label` is all that Flower shows."""
    number = str(uuid.uuid4())
    eta = (datetime.now(UTC) + timedelta(seconds=after)).isoformat() if after > 0 else None
    body = json.dumps([list(args), {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}])
    headers: dict[str, object] = {
        "lang": "py",
        "task": task,
        "id": number,
        "shadow": None,
        "eta": eta,
        "expires": None,
        "group": None,
        "group_index": None,
        "retries": 0,
        "timelimit": [None, None],
        "root_id": number,
        "parent_id": None,
        "argsrepr": label or repr(tuple(args))[:1024],
        "kwargsrepr": "{}",
        "origin": f"{os.getpid()}@{socket.gethostname()}",
        "ignore_result": True,
        "replaced_task_nesting": 0,
        "stamped_headers": None,
        "stamps": {},
    }
    properties = {
        "correlation_id": number,
        "reply_to": "",
        "delivery_mode": 2,
        "delivery_info": {"exchange": "", "routing_key": queue},
        "priority": 0,
        "body_encoding": "base64",
        "delivery_tag": str(uuid.uuid4()),
    }
    envelope = {
        "body": base64.b64encode(body.encode()).decode(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": headers,
        "properties": properties,
    }
    return json.dumps(envelope).encode()


class Pushing:
    """One connection, kept; safe to share between threads, and opened anew after a fork."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._pid = 0

    def push(self, queue: str, messages: Sequence[bytes]) -> None:
        """All of them in one command. Raises OSError when they were not taken for certain; they may be queued all the same."""
        with self._lock:
            kept = self._socket is not None and self._pid == os.getpid()
            try:
                self._send(queue, messages)
            except ConnectionError:
                if not kept:
                    raise
                self._send(queue, messages)  # what was kept had been closed at the other end

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def __del__(self) -> None:
        self.close()

    def _send(self, queue: str, messages: Sequence[bytes]) -> None:
        try:
            if self._socket is None or self._pid != os.getpid():
                self._connect()
            self._ask("LPUSH", queue, *messages)
        except OSError:
            self.close()
            raise

    def _connect(self) -> None:
        self.close()
        a = self._address
        # a name in bytes is looked up as it is: of text Python would first ask its tables of every alphabet
        host = cast("str", a.host.encode()) if a.host.isascii() else a.host
        self._socket, self._pid = socket.create_connection((host, a.port), CONNECT), os.getpid()
        self._socket.settimeout(ANSWER)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if a.password is not None:
            self._ask("AUTH", *([a.user] if a.user else []), a.password)
        if a.database:
            self._ask("SELECT", str(a.database))

    def _ask(self, *words: str | bytes) -> None:
        """Send one command and read its one line of answer (RESP: all of these answer `+OK` or `:number`)."""
        assert self._socket is not None
        parts = [word.encode() if isinstance(word, str) else word for word in words]
        self._socket.sendall(b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%b\r\n" % (len(p), p) for p in parts))
        answer = b""
        while not answer.endswith(b"\r\n"):
            read = self._socket.recv(4096)
            if not read:
                raise ConnectionResetError("the broker closed the connection")
            answer += read
        if answer[:1] not in b"+:":
            raise NotTaken(answer[1:].decode("utf-8", "replace").strip())
