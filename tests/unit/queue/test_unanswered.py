"""What a broker answers instead of its service is told in our words, with what to do: each line comes over a real socket."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from im.broker import check
from im.domain.errors import Refused, Unavailable
from im.queue.inspect import reach_broker
from im.settings import Settings


class Broker:
    """One that answers whatever it is asked with the same line."""

    def __init__(self, line: bytes) -> None:
        self._line = line
        self._open: list[socket.socket] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            self._open.append(client)
            self._threads.append(threading.Thread(target=self._answer, args=(client,)))
            self._threads[-1].start()

    def _answer(self, client: socket.socket) -> None:
        try:
            while client.recv(65536):
                client.sendall(self._line)
        except OSError:
            pass
        finally:
            client.close()

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for client in self._open:
            with suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()


@pytest.fixture
def broker(request: pytest.FixtureRequest) -> Iterator[Broker]:
    made = Broker(request.param)
    yield made
    made.close()


ANSWERS = [
    (b"-NOAUTH Authentication required.\r\n", "wants a password", "user and password"),
    (
        b"-WRONGPASS invalid username-password pair or user is disabled.\r\n",
        "refuses the user or the password",
        "mend them",
    ),
    (
        b"-NOPERM User im has no permissions to run the 'info' command\r\n",
        "may not do what im needs",
        "docs/security.md",
    ),
    (b"-MOVED 3999 127.0.0.1:6381\r\n", "belongs to a cluster", "one server"),
    (b"-CROSSSLOT Keys in request don't hash to the same slot\r\n", "belongs to a cluster", "one server"),
    (b"-CLUSTERDOWN Hash slot not served\r\n", "cluster that is down", "one server"),
    (b"-READONLY You can't write against a read only replica.\r\n", "takes no writes", "the primary"),
    (b"-LOADING Redis is loading the dataset in memory\r\n", "is starting", "try again"),
    (b"-OOM command not allowed when used memory > 'maxmemory'.\r\n", "memory is full", "maxmemory"),
    (b"-MASTERDOWN Link with MASTER is down\r\n", "lost its primary", "the primary"),
    (b"-MISCONF Redis is configured to save RDB snapshots\r\n", "cannot save", "disk"),
    (b"-ERR max number of clients reached\r\n", "as many clients as it takes", "maxclients"),
    (b"-DENIED Redis is running in protected mode\r\n", "protected mode", "password"),
    (b"-ERR something hunter2\r\n", "no word for", "log"),
    (b"HTTP/1.1 400 Bad Request\r\n\r\n", "neither Redis nor Valkey", "host and port"),
    (b"\x15\x03\x01\x00\x02\x02\x46\r\n", "speaks TLS, and was asked without", "rediss://"),
]


@pytest.mark.parametrize(("broker", "told", "do"), ANSWERS, indirect=["broker"], ids=[str(a[0][:12]) for a in ANSWERS])
def test_each_refusal_has_its_cause_and_what_to_do(broker: Broker, told: str, do: str) -> None:
    with pytest.raises(Unavailable) as refused:
        reach_broker(Settings(broker_url=f"redis://im:hunter2@127.0.0.1:{broker.port}/0"))
    assert told in refused.value.message
    assert do in refused.value.hint
    said = f"{refused.value.message} {refused.value.hint}"
    assert "hunter2" not in said
    assert not any(
        word in said for word in ("Error", "Keys in request", "username-password", "Hash slot", "MISCONF", "ERR")
    )


@pytest.mark.parametrize("broker", [b"-ERR unknown command\r\n"], indirect=True)
def test_tls_spoken_to_a_port_without_it_is_told_so(broker: Broker) -> None:
    with pytest.raises(Unavailable, match="does not speak TLS") as refused:
        reach_broker(Settings(broker_url=f"rediss://:hunter2@127.0.0.1:{broker.port}/0?ssl_cert_reqs=required"))
    assert "write redis://" in refused.value.hint


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("sentinel://:hunter2@h:26379", "Sentinels"),
        ("redis+sentinel://:hunter2@h:26379/0", "Sentinels"),
        ("redis+cluster://h:6379/0", "a cluster"),
        ("amqp://h", "names amqp"),
    ],
)
def test_what_im_cannot_ring_through_is_called_by_its_name(url: str, told: str) -> None:
    with pytest.raises(Refused, match=told) as refused:
        check(url)
    assert "redis://" in refused.value.hint
    assert "hunter2" not in f"{refused.value.message} {refused.value.hint}"
