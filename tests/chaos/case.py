"""One case: a cloud, a database and a clock of its own; processes that live and die in it; and what is left to be judged."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import Any

import boto3

from im.db.engine import Database
from im.failpoints import Point
from tests.chaos import audit
from tests.chaos.desk import Broker, Clock
from tests.chaos.worker import Act, Shift, work
from tests.providers.clouds import REGION
from tests.standin.client import Control

BEGIN = 1893499200.0
"""2030-01-01 12:00:00 UTC, in seconds since the epoch."""
TICKS = 30.0
"""Every case begins at a multiple of so many seconds, where both ticks fall together."""
LIMIT = 60.0
"""Seconds of the machine's own time after which a process hangs; no case comes near it."""


def forks() -> ForkServerContext:
    """Where processes come from that have imported everything and are connected to nothing."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["pytest", "tests.chaos.worker", "tests.standin.client"])
    return context


@dataclass
class Case:
    folder: Path
    database_url: str
    cloud_url: str
    control: Control
    forks: ForkServerContext

    def __post_init__(self) -> None:
        self.clock = Clock(self.folder)
        self.clock.set(self.control.now())
        self.broker = Broker(self.folder, self.clock)

    def start(self, *acts: Act) -> ForkServerProcess:
        process = self.forks.Process(target=work, args=(Shift(self.folder, self.database_url, self.cloud_url, acts),))
        process.start()
        return process

    def run(self, *acts: Act) -> int:
        """The exit code of a process that did this; negative is the signal that killed it."""
        process = self.start(*acts)
        process.join(LIMIT)
        code = process.exitcode
        if code is None:
            process.kill()
            process.join()
        process.close()
        failed = self.folder / "error"
        assert not failed.exists(), failed.read_text()
        assert code is not None, f"{acts} did not come to an end"
        return code

    def live(self, *acts: Act) -> None:
        """A process that nobody kills."""
        assert self.run(*acts) == 0

    def trace(self) -> list[str]:
        """Every point reached by traced processes, in order."""
        return (self.folder / "trace").read_text().splitlines()

    def evidence(self) -> audit.Evidence:
        database = Database(self.database_url)
        try:
            with database.begin() as connection:
                return audit.gather(connection, self.bare(), self.control.calls(), self.clock.now())
        finally:
            database.dispose()

    def bare(self) -> Any:
        """boto3 without anything of ours."""
        return _SESSION.client("ec2", endpoint_url=self.cloud_url)


_SESSION = boto3.Session("outside", "outside", region_name=REGION)


@contextmanager
def opened(folder: Path, database_url: str, cloud_url: str, context: ForkServerContext) -> Iterator[Case]:
    control = Control(cloud_url)
    control.reset()
    control.step(-control.now() % TICKS)
    try:
        yield Case(folder, database_url, cloud_url, control, context)
    finally:
        control.close()


def named(reached: str) -> Point:
    return Point(reached.partition("/")[0])
