"""The call itself, to real sockets: connected where the address was judged, under the name's certificate, and over in time."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from im.channels.channel import NotSent
from im.channels.guarded import Reply, post
from im.domain.webhook.target import Network, read_networks, read_target
from tests.integration.webhooks.receiver import Receiver

HERE = read_networks("127.0.0.0/8")


@contextmanager
def door(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """A port of this machine at which every caller is served so; yields its number."""
    server = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        while True:
            try:
                caller, _ = server.accept()
            except OSError:
                return
            with caller, suppress(OSError):
                serve(caller)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        with suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
        server.close()


def whole(caller: socket.socket) -> None:
    """Read a request to its end: who closes before that resets the connection."""
    read = b""
    while not read.endswith(b"{}") and (more := caller.recv(65536)):
        read += more


def ask(
    url: str, *, allowed: Sequence[Network] = HERE, resolved: Sequence[str] | None = None, within: float = 8
) -> Reply:
    found = (lambda _host, _port: resolved) if resolved is not None else None
    more = {"resolved": found} if found else {}
    return post(read_target(url), b"{}", {}, allowed, whole=within, **more)  # type: ignore[arg-type]


def test_the_name_is_resolved_once_and_that_address_is_asked(receiver: Receiver) -> None:
    port = receiver.url.split(":")[2].partition("/")[0]
    asked: list[str] = []

    def resolved(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["169.254.169.254"]

    target = read_target(f"http://rebinding.example.com:{port}/hook")
    assert post(target, b"{}", {}, HERE, resolved=resolved).status == 200
    assert asked == ["rebinding.example.com"]
    assert receiver.asked[0].headers["host"] == f"rebinding.example.com:{port}"


@pytest.mark.parametrize(
    "found", [["1.1.1.1", "127.0.0.1"], ["127.0.0.1", "1.1.1.1"], ["::ffff:10.0.0.1"], ["fe80::1%lo"]]
)
def test_a_name_with_one_address_inside_is_not_asked_at_all(found: list[str]) -> None:
    with pytest.raises(NotSent, match=r"nothing is sent to two\.example\.com"):
        ask("https://two.example.com/", allowed=(), resolved=found)


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f000001", "0177.0.0.1", "localhost", "localhost."])
def test_another_spelling_of_this_machine_is_this_machine(host: str) -> None:
    with pytest.raises(NotSent, match=r"nothing is sent|no host has that name"):
        ask(f"https://{host}/", allowed=())


def test_a_name_that_nobody_has_is_told() -> None:
    with pytest.raises(NotSent, match=r"nobody\.invalid cannot be reached: no host has that name"):
        ask("https://nobody.invalid/")


def test_of_several_addresses_the_next_is_asked_where_one_is_down(receiver: Receiver) -> None:
    port = receiver.url.split(":")[2].partition("/")[0]
    assert ask(f"http://two.example.com:{port}/", resolved=["127.0.0.2", "127.0.0.1"]).status == 200


def test_one_that_answers_byte_by_byte_is_cut_off() -> None:
    let_go = threading.Event()

    def drip(caller: socket.socket) -> None:
        whole(caller)
        for one in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 10_000:
            caller.send(bytes([one]))
            if let_go.wait(0.02):
                return

    with door(drip) as port, pytest.raises(NotSent, match="no answer within seconds"):
        ask(f"http://127.0.0.1:{port}/", within=0.5)
    let_go.set()


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"\x00\xff\x00\xff",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 500,
    ],
    ids=["nothing", "bytes", "another protocol", "no status", "headers without end"],
)
def test_one_that_speaks_no_http_took_nothing(said: bytes) -> None:
    def answer(caller: socket.socket) -> None:
        whole(caller)
        caller.sendall(said)

    with door(answer) as port, pytest.raises(NotSent) as refused:
        ask(f"http://127.0.0.1:{port}/a-secret-path")
    assert "a-secret-path" not in str(refused.value)


def test_an_endless_answer_is_not_read() -> None:
    sent = 0

    def flood(caller: socket.socket) -> None:
        nonlocal sent
        whole(caller)
        caller.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n")
        with suppress(OSError):
            while True:
                sent += caller.send(b"x" * 65536)

    with door(flood) as port:
        assert ask(f"http://127.0.0.1:{port}/").status == 200
    assert sent < 50_000_000


def test_over_tls_the_certificate_has_to_be_the_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    words += ["-keyout", str(key), "-out", str(cert), "-days", "1", "-subj", "/CN=ci.example.com"]
    words += ["-addext", "subjectAltName=DNS:ci.example.com"]
    subprocess.run(words, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    names: list[str | None] = []
    context.sni_callback = lambda _socket, name, _context: names.append(name)

    def answer(caller: socket.socket) -> None:
        with context.wrap_socket(caller, server_side=True) as told:
            whole(told)
            told.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")

    with door(answer) as port:
        with pytest.raises(NotSent, match="its certificate is not one that this machine trusts"):
            ask(f"https://ci.example.com:{port}/", resolved=["127.0.0.1"])
        monkeypatch.setenv("SSL_CERT_FILE", str(cert))
        assert ask(f"https://ci.example.com:{port}/", resolved=["127.0.0.1"]).status == 202
        with pytest.raises(NotSent, match="its certificate is not one that this machine trusts"):
            ask(f"https://other.example.com:{port}/", resolved=["127.0.0.1"])
    assert names == ["ci.example.com", "ci.example.com", "other.example.com"]
