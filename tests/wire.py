"""A wire to Postgres that can be cut exactly at a COMMIT: before it arrives, or before its answer does."""

from __future__ import annotations

import re
import select
import socket
import threading
from enum import StrEnum
from typing import Any

from sqlalchemy.engine import make_url

_COMMIT = b"Q\x00\x00\x00\x0bCOMMIT\x00"
"""psycopg2 sends it as a simple query of its own."""
_WRITES = re.compile(rb"\b(INSERT INTO|UPDATE|DELETE FROM) (\w+)")


class Cut(StrEnum):
    REQUEST = "the COMMIT is lost"
    ANSWER = "its answer is lost"


class Wire:
    """Listens on a port of this machine and passes everything on to the server of `url`; `self.url` is the way through it."""

    def __init__(self, url: str) -> None:
        self._upstream = make_url(url)
        self._listener = socket.create_server(("127.0.0.1", 0))
        plain = {"sslmode": "disable", "gssencmode": "disable"}
        through = self._upstream.set(host="127.0.0.1", port=self._listener.getsockname()[1], query=plain)
        self.url = through.render_as_string(hide_password=False)
        self.commits = 0
        """COMMITs that came by."""
        self.written: dict[tuple[bytes, ...], int] = {}
        """Each kind of transaction that writes, by the tables it writes to, with the number of its first COMMIT."""
        self.down = False
        """Nobody is let in, and a cut leaves nobody in."""
        self._at: tuple[int, Cut] | None = None
        self._down_after = False
        self._ways: list[threading.Thread] = []
        self._over = threading.Event()
        self._porter = threading.Thread(target=self._let_in, daemon=True)
        self._porter.start()

    def cut_next(self, how: Cut, nth: int = 1, *, and_stay_down: bool = False) -> None:
        """Cut at the n-th COMMIT from here on, once."""
        self._at, self._down_after = (self.commits + nth, how), and_stay_down

    def struck(self) -> bool:
        return self._at is None

    def close(self) -> None:
        self._over.set()
        self._porter.join()
        for way in self._ways:
            way.join()
        self._listener.close()

    def _let_in(self) -> None:
        while not self._over.is_set():
            if not select.select([self._listener], [], [], 0.05)[0]:
                continue
            person, _ = self._listener.accept()
            if self.down:
                person.close()
                continue
            way = threading.Thread(target=self._carry, args=(person, self._connect()), daemon=True)
            way.start()
            self._ways.append(way)

    def _connect(self) -> socket.socket:
        folder: Any = self._upstream.query.get("host")
        if folder and not self._upstream.host:
            server = socket.socket(socket.AF_UNIX)
            server.connect(f"{folder}/.s.PGSQL.{self._upstream.port or 5432}")
            return server
        return socket.create_connection((self._upstream.host or "127.0.0.1", self._upstream.port or 5432))

    def _carry(self, person: socket.socket, server: socket.socket) -> None:
        said_so_far = b""
        with person, server:
            while not self._over.is_set():
                ready = select.select([person, server], [], [], 0.05)[0]
                for end in ready:
                    try:
                        said = end.recv(65536)
                    except ConnectionError:
                        return
                    if end is person:
                        said_so_far += said
                        if self._cuts(said, server):
                            return
                        if _COMMIT in said:
                            wrote = tuple(b" ".join(found) for found in dict.fromkeys(_WRITES.findall(said_so_far)))
                            self.written.setdefault(wrote, self.commits)
                            said_so_far = b""
                    if not said:
                        return
                    (server if end is person else person).sendall(said)

    def _cuts(self, said: bytes, server: socket.socket) -> bool:
        """Is this the COMMIT at which to cut? With its answer lost, it has been done when this returns."""
        if _COMMIT not in said:
            return False
        self.commits += 1
        if self._at is None or self._at[0] != self.commits:
            return False
        how, self._at = self._at[1], None
        self.down = self._down_after
        if how is Cut.ANSWER:
            server.sendall(said)
            assert server.recv(65536)
        return True
