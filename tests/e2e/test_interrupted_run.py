"""A test run of our own, interrupted in the middle of everything: nothing outlives it, and no launcher can spoil it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests import reaper

ROOT = Path(__file__).parents[2]
HANGS = 300
"""Seconds after which it counts as hanging; how busy this machine is, is not judged."""

BUSY = """
import pathlib, subprocess, sys, time
from tests.chaos.fleet import Fleet
from tests.e2e.conftest import make_stack

def test_with_a_fleet(migrated_url, tmp_path):
    cloud = subprocess.Popen([sys.executable, "-m", "tests.standin"], stdout=subprocess.PIPE, text=True)
    fleet = Fleet(tmp_path, migrated_url, cloud.stdout.readline().strip())
    fleet.start()
    pathlib.Path("{here}/fleet").touch()
    time.sleep(900)

def test_with_a_stack():
    stack = make_stack()
    stack.local.up("sandbox", stack.environ)
    pathlib.Path("{here}/stack").touch()
    time.sleep(900)
"""
INHERITS = """
import os, signal, subprocess, sys

def test_what_a_child_inherits():
    os.kill(os.getpid(), signal.SIGINT)
    os.kill(os.getppid(), signal.SIGINT)
    asked = "import signal as s; print(s.getsignal(s.SIGINT) is s.default_int_handler, len(s.pthread_sigmask(0, [])))"
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True).stdout
    assert told.split() == ["True", "0"], told
"""


def command(folder: Path, test: str, *more: str) -> list[str]:
    file = folder / "test_within.py"
    file.write_text(test)
    # the suite's own conftest, for a file that is not of the suite
    words = [
        "-c",
        str(ROOT / "pyproject.toml"),
        "--rootdir",
        str(folder),
        "-p",
        "tests.conftest",
        "-p",
        "no:cacheprovider",
    ]
    return [sys.executable, "-m", "pytest", *words, "--dist", "load", *more, str(file)]


def environ() -> dict[str, str]:
    """As if no run were around it."""
    kept = {
        k: v
        for k, v in os.environ.items()
        if k not in (reaper.MARK, reaper.IGNORED) and not k.startswith(("PYTEST_", "IM_"))
    }
    return {**kept, "PYTHONPATH": str(ROOT)}


@pytest.mark.parametrize(
    ("how", "started"),
    [
        pytest.param("ctrl-c", ["fleet"], marks=pytest.mark.long),
        pytest.param("term", ["fleet"], marks=pytest.mark.long),
        ("kill", ["fleet"]),
        pytest.param("kill", ["fleet", "stack"], marks=pytest.mark.long),
    ],
    ids=str,
)
def test_whatever_ends_it_nothing_is_left(how: str, started: list[str], tmp_path: Path) -> None:
    words = command(tmp_path, BUSY.format(here=tmp_path), "-n", "2", "-k", " or ".join(started))
    with (tmp_path / "log").open("wb") as log:
        run = subprocess.Popen(words, env=environ(), cwd=ROOT, stdout=log, stderr=log, start_new_session=True)
    end = time.monotonic() + HANGS
    while not all((tmp_path / one).exists() for one in started):
        assert run.poll() is None, (tmp_path / "log").read_text()
        assert time.monotonic() < end, (tmp_path / "log").read_text()
        time.sleep(0.1)  # other processes
    (mark,) = {its for one in psutil.Process(run.pid).children() if (its := one.environ().get(reaper.MARK))}
    seen = {*psutil.Process(run.pid).children(recursive=True), *reaper.left(mark)}
    names = {process.name() for process in seen}
    assert {"postgres", "valkey-server"} <= names, names
    if how == "ctrl-c":
        os.killpg(run.pid, signal.SIGINT)  # a terminal tells the whole group
    else:
        run.send_signal(signal.SIGTERM if how == "term" else signal.SIGKILL)
    assert run.wait(timeout=HANGS) != 0
    # each that was there before, whether the reaper would know it or not
    while Path(mark).exists() or reaper.left(mark) or any(map(_runs, seen)):
        assert time.monotonic() < end + HANGS, [*reaper.left(mark), *filter(_runs, seen)]
        time.sleep(0.1)  # the reaper


def _runs(process: psutil.Process) -> bool:
    """A zombie that nobody reaps has ended."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_launcher_that_ignores_signals_spoils_nothing_and_is_not_overruled(tmp_path: Path) -> None:
    """`nohup make test &` in a script: what the tests start can be interrupted, the run itself still cannot."""
    ignoring = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); "
    ignoring += "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM]); os.execv(sys.argv[1], sys.argv[1:])"
    words = [sys.executable, "-c", ignoring, *command(tmp_path, INHERITS, "-n", "1")]
    done = subprocess.run(words, env=environ(), cwd=ROOT, capture_output=True, text=True, timeout=HANGS, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
