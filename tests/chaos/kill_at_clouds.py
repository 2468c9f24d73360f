"""A cloud beside EC2 for kill points: it reads the case's clock, and may kill whoever asked once it has done as asked."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from im.standins.grpc_service import GrpcServer, GrpcService
from im.standins.service import Service, server_on
from tests.chaos.case import BEGIN
from tests.chaos.desk import Broker, Clock
from tests.chaos.shown import BY_GRPC, KINDS, PACED, Shown
from tests.chaos.worker import Act, Shift, work

if TYPE_CHECKING:
    from datetime import datetime
    from wsgiref.types import StartResponse, WSGIEnvironment

_SECRET = "secret"
_LIMIT = 300.0
"""Seconds of the machine's own time after which a process hangs: a busy machine takes its time over so many calls."""


@dataclass
class Door:
    """Before the stand-in: the `nth` call that changes something kills the process `victim` when it has been carried out."""

    service: Service | GrpcService
    nth: int = 0
    victim: int = 0
    carried_out: int = 0

    def clock(self) -> datetime:
        return self.service.clock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        assert isinstance(self.service, Service)
        answer = self.service(environ, start_response)
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            self.count()
        return answer

    def count(self) -> None:
        self.carried_out += 1
        if self.victim and self.carried_out == self.nth:
            os.kill(self.victim, signal.SIGKILL)
            self.victim = 0

    def server(self) -> Any:
        if isinstance(self.service, Service):
            return server_on("127.0.0.1", 0, self)
        self.service.carried_out = self.count
        return GrpcServer("127.0.0.1", 0, self.service)


@dataclass
class CloudCase:
    """One case at one cloud, like `tests.chaos.case.Case` at EC2."""

    cloud: str
    folder: Path
    database_url: str
    url: str
    door: Door
    shown: Shown
    forks: ForkServerContext

    def __post_init__(self) -> None:
        self.broker = Broker(self.folder, Clock(self.folder))

    def run(self, *acts: Act, dies_at: int = 0) -> int:
        """The exit code of a process that did this; `dies_at`: it is killed when so many calls of it changed something."""
        shift = Shift(self.folder, self.database_url, self.url, acts, self.cloud)
        process = self.forks.Process(target=work, args=(shift,))
        self.door.nth, self.door.carried_out = dies_at, 0
        process.start()
        self.door.victim = (process.pid or 0) if dies_at else 0
        process.join(_LIMIT)
        code, self.door.victim = process.exitcode, 0
        if code is None:
            process.kill()
            process.join()
        process.close()
        failed = self.folder / "error"
        assert not failed.exists(), failed.read_text()
        assert code is not None, f"{acts} did not come to an end"
        return code

    def live(self, *acts: Act) -> None:
        assert self.run(*acts) == 0

    def calls(self) -> list[str]:
        """Those that changed something and were granted, in order: the method and what was made."""
        granted = [one for one in self.door.service.books.changes() if one.status < 400]
        return [f"{one.method} {_made(one.path)}" for one in granted]


def _made(path: str) -> str:
    """The last word of a path that is no name of one thing, with a star for the name."""
    *_, kind, last = path.rstrip("/").split("/")
    if "." in kind:  # a service of gRPC
        return f"{kind.rpartition('.')[2]}.{last}"
    return f"{kind}/*" if re.search(r"\d|^im-", last) else last


@contextmanager
def opened_at(cloud: str, folder: Path, database_url: str, forks: ForkServerContext) -> Iterator[CloudCase]:
    from threading import Thread

    clock = Clock(folder)
    clock.set(BEGIN)
    kind, shown = {**KINDS, **BY_GRPC, **PACED}[cloud]
    make: Any = kind
    service: Service | GrpcService = make(_SECRET, clock.now, timedelta(seconds=5))
    door = Door(service)
    server = door.server()
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    url = f"http://sandbox:{_SECRET}@127.0.0.1:{server.server_port}"
    try:
        yield CloudCase(cloud, folder, database_url, url, door, shown(service), forks)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
