"""`im service`, `im worker`, `im flower` beside a stack that is up: started, hurt, stopped by signals."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil
import pytest

from im.stack import probes
from im.stack.layout import free_port
from tests.e2e.conftest import StackUnderTest
from tests.e2e.test_stack_life import eventually


class Attended:
    """A command in a process group of its own, and what it has said so far."""

    def __init__(
        self,
        stack: StackUnderTest,
        *args: str,
        im: Sequence[str] = (),
        folder: Path | None = None,
        broker: str = "",
        **environ: str,
    ) -> None:
        self.process = subprocess.Popen(
            [*im, *args] if im else stack.command(*args),
            cwd=folder,
            env={
                **stack.environ,
                **({"IM_BROKER_URL": broker, "IM_DATABASE_URL": stack.database_url} if broker else {}),
                **environ,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=lambda: self.lines.extend(self.process.stdout or ()))
        self._reader.start()

    def said(self, words: str, times: int = 1) -> bool:
        return sum(words in line for line in self.lines) >= times

    def children(self) -> dict[str, int]:
        """Worker and beat, by the Celery command they run."""
        found = {}
        for child in psutil.Process(self.process.pid).children():
            with contextlib.suppress(psutil.NoSuchProcess):
                words = child.cmdline()
                found |= {name: child.pid for name in ("worker", "beat") if name in words}
        return found

    def leave(self, number: int) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout=60)

    def close(self) -> None:
        with contextlib.suppress(psutil.NoSuchProcess):
            tree = psutil.Process(self.process.pid)
            for process in [*tree.children(recursive=True), tree]:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
        self.process.wait()
        self._reader.join()
        if self.process.stdout is not None:
            self.process.stdout.close()


@pytest.fixture
def attended(stack: StackUnderTest, request: pytest.FixtureRequest) -> Iterator[Attended]:
    made = Attended(stack, *request.param)
    try:
        yield made
    finally:
        made.close()


@pytest.mark.parametrize("attended", [("service", "--log-level", "debug", "-c", "1")], indirect=True)
def test_service_keeps_worker_and_beat_alive_and_ctrl_c_ends_both(attended: Attended) -> None:
    assert eventually(lambda: attended.said("ready."), 40), attended.lines
    assert attended.said("debug")
    before = attended.children()
    assert set(before) == {"worker", "beat"}
    os.kill(before["beat"], signal.SIGKILL)
    assert eventually(lambda: attended.said("beat was killed by SIGKILL; starting it again in 1 s")), attended.lines
    assert eventually(lambda: attended.children().get("beat") not in (None, before["beat"]))
    assert attended.children()["worker"] == before["worker"]
    all_of_it = psutil.Process(attended.process.pid).children(recursive=True)
    assert attended.leave(signal.SIGINT) == 130
    assert not [p for p in all_of_it if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


@pytest.mark.parametrize("attended", [("worker", "-Q", "im.deadlines", "-c", "1")], indirect=True)
def test_worker_becomes_celery_and_ends_well_on_sigterm(attended: Attended) -> None:
    assert eventually(lambda: attended.said("ready."), 40), attended.lines
    assert "workers" in psutil.Process(attended.process.pid).cmdline()
    assert attended.leave(signal.SIGTERM) == 0


def test_flower_is_closed_to_others_unless_told_otherwise(stack: StackUnderTest) -> None:
    port = free_port()
    flower = Attended(stack, "flower", "--port", str(port))
    try:
        assert eventually(lambda: probes.http_answers(f"http://127.0.0.1:{port}/healthcheck"), 40), flower.lines
        told = next(line for line in flower.lines if line.startswith("Flower: http://im:"))
        password = told.partition("http://im:")[2].partition("@")[0]
        assert not probes.http_answers(f"http://127.0.0.1:{port}/workers")
        assert probes.http_answers(f"http://127.0.0.1:{port}/workers", "im", password)
        assert probes.http_answers(f"http://127.0.0.1:{port}/metrics", "im", password)
        assert not probes.http_answers(f"http://127.0.0.1:{port}/metrics")
        listening = psutil.Process(flower.process.pid).net_connections("tcp")
        assert {c.laddr.ip for c in listening if c.status == psutil.CONN_LISTEN} == {"127.0.0.1"}
    finally:
        flower.close()
