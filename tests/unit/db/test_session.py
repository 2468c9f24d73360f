"""What begins a session: its time limits where the server takes them, and nothing where it refuses them there."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator

import psycopg2
import pytest

from im.db.session import SETTINGS, open_session

REFUSALS = (
    "unsupported startup parameter: options",  # PgBouncer before 1.20
    "unsupported startup parameter in options: statement_timeout",  # since, and Neon's
    "Feature not supported: RDS Proxy currently doesn’t support command-line options.",
)
WRONG_PASSWORD = 'password authentication failed for user "im"'


class Refusing:
    """A server that answers each start of a session with the next of its refusals, and keeps what it was sent."""

    def __init__(self, *words: str) -> None:
        self.started: list[dict[str, str]] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, args=(words,))
        self._thread.start()

    def _serve(self, words: tuple[str, ...]) -> None:
        for refusal in words:
            client, _ = self._listening.accept()
            with client:
                (length,) = struct.unpack("!I", client.recv(4))
                sent = client.recv(length - 4)[4:].split(b"\0")
                self.started.append({k.decode(): v.decode() for k, v in zip(sent[::2], sent[1::2], strict=False) if k})
                body = b"SFATAL\0VFATAL\0C08P01\0M" + refusal.encode() + b"\0\0"
                client.sendall(b"E" + struct.pack("!I", len(body) + 4) + body)

    def close(self) -> None:
        self._thread.join()
        self._listening.close()


@pytest.fixture
def refusing(request: pytest.FixtureRequest) -> Iterator[Refusing]:
    made = Refusing(*request.param)
    yield made
    made.close()


def _open(server: Refusing, **more: str) -> str:
    given = {"host": "127.0.0.1", "port": str(server.port), "user": "im", "sslmode": "disable", "gssencmode": "disable"}
    with pytest.raises(psycopg2.OperationalError) as caught:
        open_session({**given, **more})
    return str(caught.value)


@pytest.mark.parametrize("refusing", [(words, WRONG_PASSWORD) for words in REFUSALS], indirect=True)
def test_a_pooler_that_takes_no_settings_is_asked_again_without_them(refusing: Refusing) -> None:
    assert WRONG_PASSWORD in _open(refusing, options="-c work_mem=7MB")
    first, second = refusing.started
    assert all(f"-c {name}={value}" in first["options"] for name, value in SETTINGS.items())
    assert second["options"] == "-c work_mem=7MB"


@pytest.mark.parametrize("refusing", [(REFUSALS[0], WRONG_PASSWORD, WRONG_PASSWORD)], indirect=True)
def test_it_is_asked_for_them_once_only(refusing: Refusing) -> None:
    _open(refusing)
    _open(refusing)
    assert ["options" in started for started in refusing.started] == [True, False, False]


@pytest.mark.parametrize("refusing", [(WRONG_PASSWORD,)], indirect=True)
def test_another_refusal_is_not_asked_twice(refusing: Refusing) -> None:
    assert WRONG_PASSWORD in _open(refusing)
    assert len(refusing.started) == 1
