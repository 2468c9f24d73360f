"""Where the broker's URL leads, as the driver of Redis is told it."""

from __future__ import annotations

from typing import Any

import pytest
from redis import SSLConnection, UnixDomainSocketConnection

from im.domain.errors import Refused
from im.queue.store import connections

PLAIN = {"host": "h", "port": 6379, "db": 0, "username": None, "password": None}


@pytest.mark.parametrize(
    ("url", "given"),
    [
        ("redis://h", {}),
        ("redis://im:p%40ss@h:7000/3", {"port": 7000, "db": 3, "username": "im", "password": "p@ss"}),
        ("redis://:p@h/", {"password": "p"}),
        ("rediss://h/0?ssl_cert_reqs=CERT_REQUIRED&ssl_ca_certs=/ca", {"ssl_cert_reqs": "required", "ssl_ca_certs": "/ca"}),
        ("rediss://h?ssl_cert_reqs=none&ssl_check_hostname=False", {"ssl_cert_reqs": "none", "ssl_check_hostname": False}),
    ],
)  # fmt: skip
def test_a_server(url: str, given: dict[str, Any]) -> None:
    pool = connections(url, 0.5)
    assert pool is not None
    told = pool.connection_kwargs
    assert (told["socket_timeout"], told["socket_connect_timeout"], told["retry"].get_retries()) == (0.5, 0.5, 0)
    wanted = PLAIN | given
    assert {name: told[name] for name in wanted} == wanted
    assert {name for name in told if name.startswith("ssl_")} == {name for name in given if name.startswith("ssl_")}
    assert (pool.connection_class is SSLConnection) == url.startswith("rediss")


def test_a_socket() -> None:
    pool = connections("redis+socket:///run/valkey.sock?virtual_host=2", 0.5)
    assert pool is not None
    assert pool.connection_class is UnixDomainSocketConnection
    told = pool.connection_kwargs
    assert (told["path"], told["db"], told["socket_timeout"]) == ("/run/valkey.sock", 2, 0.5)


def test_nothing_and_nonsense() -> None:
    assert connections(" ", 0.5) is None
    with pytest.raises(Refused, match="im rings through Redis or Valkey"):
        connections("amqp://h", 0.5)
