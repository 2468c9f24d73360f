"""A doorbell says what Celery itself would have published; and it gets to a broker, or says that it did not."""

from __future__ import annotations

import base64
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from celery import Celery

from im.queue.wire import Address, NotTaken, Pushing, message, plain_address


def _opened(raw: bytes) -> tuple[dict[str, Any], Any]:
    envelope = json.loads(raw)
    assert envelope["properties"]["body_encoding"] == "base64"
    return envelope, json.loads(base64.b64decode(envelope["body"]))


def test_headers_and_body_are_those_of_celerys_own_publisher() -> None:
    envelope, body = _opened(message("im.stop", [["im-1"]], "im.deadlines", label="web", after=30))
    number = envelope["headers"]["id"]
    eta = datetime.fromisoformat(envelope["headers"]["eta"])
    theirs = Celery("im", set_as_current=False).amqp.as_task_v2(
        number, "im.stop", args=[["im-1"]], eta=eta, argsrepr="web", ignore_result=True
    )
    assert {**envelope["headers"], "origin": None, "eta": None} == {**theirs.headers, "origin": None, "eta": None}
    assert body == json.loads(json.dumps(theirs.body))
    assert envelope["properties"]["correlation_id"] == theirs.properties["correlation_id"]
    assert 28 < (eta - datetime.now(UTC)).total_seconds() <= 30


def test_what_is_due_now_has_no_eta() -> None:
    assert _opened(message("im.stop", [], "im.requests"))[0]["headers"]["eta"] is None


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("redis://localhost", Address("localhost", 6379, 0, None, None)),
        ("redis://:s%40cret@host:7000/3", Address("host", 7000, 3, None, "s@cret")),
        ("redis://im:pw@[::1]:7000/0", Address("::1", 7000, 0, "im", "pw")),
        ("rediss://host/0", None),
        ("redis://host/0?ssl_cert_reqs=none", None),
        ("redis+socket:///run/redis", None),
        ("", None),
    ],
)
def test_only_a_plain_address_is_spoken_to_directly(url: str, address: Address | None) -> None:
    assert plain_address(url) == address


@contextmanager
def _server(*answers: bytes) -> Iterator[tuple[Address, list[bytes]]]:
    """Answers so many commands, one connection each when an answer is empty: then it hangs up."""
    heard: list[bytes] = []
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        waiting = list(answers)
        while waiting:
            connection, _ = listening.accept()
            with connection:
                while waiting:
                    heard.append(connection.recv(65536))
                    answer = waiting.pop(0)
                    if not answer:
                        break
                    connection.sendall(answer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield Address("127.0.0.1", listening.getsockname()[1], 0, None, None), heard
        thread.join(timeout=5)
    finally:
        listening.close()


def test_several_go_in_one_command() -> None:
    with _server(b":2\r\n") as (address, heard):
        pushing = Pushing(address)
        pushing.push("im.requests", [b"one", b"two"])
        pushing.close()
    assert heard == [b"*4\r\n$5\r\nLPUSH\r\n$11\r\nim.requests\r\n$3\r\none\r\n$3\r\ntwo\r\n"]


def test_a_kept_connection_that_was_closed_is_opened_again() -> None:
    with _server(b":1\r\n", b"", b":2\r\n") as (address, heard):
        pushing = Pushing(address)
        pushing.push("q", [b"first"])
        pushing.push("q", [b"second"])
        pushing.close()
    assert [b"second" in one for one in heard] == [False, True, True]


def test_a_refusal_is_told_in_the_brokers_words() -> None:
    with _server(b"-OOM command not allowed when used memory > 'maxmemory'.\r\n") as (address, _):
        pushing = Pushing(address)
        with pytest.raises(NotTaken, match="OOM command not allowed"):
            pushing.push("q", [b"one"])
