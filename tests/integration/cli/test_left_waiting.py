"""A command that waits, started as `nohup` and a shell's `&` start things: what ends it ends it in words, and the rest does not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from im.domain.state import Desired
from im.queue.tasks import Task
from tests.waiting import until
from tests.world import World

_IGNORING = (
    "import os, signal, sys; [signal.signal(n, signal.SIG_IGN) for n in (signal.SIGINT, signal.SIGHUP)];"
    " os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
)


@contextmanager
def left_alone(world: World, *words: str) -> Iterator[subprocess.Popen[str]]:
    """`im WORDS` on the world's database, with Ctrl-C and the terminal's end ignored; no broker is there."""
    command = [sys.executable, "-c", _IGNORING, "-P", "-m", "im.cli.main", *words]
    environ = {**os.environ, "IM_DATABASE_URL": world.ctx.settings.database_url, "IM_CONFIG": "", "IM_OWNER": "ada"}
    environ |= {"IM_BROKER_URL": "redis://127.0.0.1:1/0", "IM_PROVIDER": "fake", "IM_REGION": "fake-1"}
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def waits(world: World, process: subprocess.Popen[str]) -> None:
    """Until its request is stored and it has told so."""
    until("it is stored", lambda: world.row().desired is Desired.STOPPED or process.poll() is not None)
    assert process.stderr is not None
    assert "the broker did not answer; this is stored" in process.stderr.readline()
    assert process.stderr.readline().startswith("web: "), "it shows how far it is, so it waits"


@pytest.fixture
def running(world: World) -> World:
    world.create("web")
    world.advance(10)
    return world


def test_sigterm_ends_it_in_words_and_what_was_asked_for_goes_on(running: World) -> None:
    with left_alone(running, "stop", "web", "--wait") as process:
        waits(running, process)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
    assert err == "im: stopped waiting for web; the work goes on. Next: im status web\n"
    assert process.returncode == 130
    assert running.row().desired is Desired.STOPPED


def test_ctrl_c_and_the_end_of_its_terminal_do_not_and_it_waits_to_the_end(running: World) -> None:
    with left_alone(running, "stop", "web", "--wait") as process:
        waits(running, process)
        for number in (signal.SIGINT, signal.SIGHUP):
            process.send_signal(number)
        running.queue.ring(Task.REFRESH)
        running.advance(20)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "web: stopped\n"), err
