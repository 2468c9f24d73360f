"""A real `im web` before a place, and those who ask it."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from im.domain.access import EVERYTHING, Actor, Role
from im.domain.errors import Refused
from im.domain.event import Channel
from im.services.people import tokens, users
from tests.benchmarks.place import Place
from tests.waiting import until

IM = str(Path(sys.executable).parent / "im")


@dataclass(frozen=True, slots=True)
class Served:
    port: int
    pid: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cpu(self) -> float:
        """Seconds of CPU of its process so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def precise_cpu(self) -> float:
        """The same of the threads that it has now, to the nanosecond: of one answer, on a machine that is busy."""
        threads = Path(f"/proc/{self.pid}/task").iterdir()
        return sum(int((one / "schedstat").read_text().split()[0]) for one in threads) / 1e9


@contextmanager
def served(environ: Mapping[str, str]) -> Iterator[Served]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = subprocess.Popen([IM, "web"], env={**environ, "IM_WEB_PORT": str(port)}, stderr=subprocess.DEVNULL)
    try:
        until("an im web that listens", lambda: _answers(port))
        yield Served(port, server.pid)
    finally:
        server.terminate()
        server.wait(20)


def people(here: Place, count: int) -> Sequence[str]:
    """So many who see everything, none of whom is slowed down by the others; a token of each."""
    ctx, actor = here.context(), Actor.admin("bench", Channel.CLI)
    try:
        made = []
        for n in range(count):
            with suppress(Refused):  # of an earlier run
                users.add(ctx, f"viewer-{n}", role=Role.VIEWER, actor=actor)
            made.append(tokens.create(ctx, f"viewer-{n}", "bench", grants=EVERYTHING, actor=actor).secret)
        return made
    finally:
        ctx.dispose()


class Asking:
    """One connection that stays, as a browser's does."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def get(self, path: str, token: str = "", **headers: str) -> tuple[int, int]:
        """Status and length of the answer."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            sent["Authorization"] = f"Bearer {token}"
        self._connection.request("GET", path, headers=sent)
        answer = self._connection.getresponse()
        return answer.status, len(answer.read())

    def close(self) -> None:
        self._connection.close()


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
