"""Nothing outlives a test run, however it ends: its signals, its folder, and the process that ends and removes what is left.

Run as `python -m tests.reaper FOLDER`: waits for the end of its input, which the run holds open, so also for a kill -9 of the run.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import psutil

from im.stack.environment import MARK as STACK
from im.stack.supervision import end

MARK = "TESTS_OF_RUN"
"""In the environment of everything that a run starts: the folder that the run keeps its temporary files in."""
IGNORED = "TESTS_IGNORE_SIGNALS"
NEEDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


def restore_signals(*, inner: bool) -> None:
    """Whoever launched us may have us ignore signals (nohup, `make test &` in a script); what tests start must not inherit that.

    A handler does not outlive an exec, where "ignored" does: ours does nothing, so that we still ignore it.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    signal.pthread_sigmask(signal.SIG_UNBLOCK, NEEDED)
    # `inner` processes run the tests of a run; its main process tells them what it was told
    told = os.environ.get(IGNORED, "").split() if inner else []
    ignored = [one for one in NEEDED if signal.getsignal(one) is signal.SIG_IGN or one.name in told]
    for number in ignored:
        signal.signal(number, lambda *_: None)
    os.environ[IGNORED] = " ".join(one.name for one in ignored)


def begin() -> subprocess.Popen[bytes] | None:
    """In a run's main process, before it starts anything. None inside of another run, whose reaper sees to it."""
    if MARK in os.environ:
        return None
    # /tmp and not pytest's own folder: its path is long, and it is closed to the user that Postgres runs as under root
    folder = Path(tempfile.mkdtemp(prefix="im-r-", dir="/tmp"))
    folder.chmod(0o711)
    os.environ[MARK] = str(folder)
    signal.signal(signal.SIGTERM, _interrupted)
    words = [sys.executable, "-m", "tests.reaper", str(folder)]
    return subprocess.Popen(
        words, cwd=Path(__file__).parents[1], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True
    )


def finish(reaper: subprocess.Popen[bytes]) -> None:
    """The run is over: returns when nothing is left of it."""
    assert reaper.stdin is not None
    reaper.stdin.close()
    reaper.wait()
    del os.environ[MARK]


def new_folder(prefix: str) -> Path:
    """A private folder with a short path, removed with the run at the latest."""
    return Path(tempfile.mkdtemp(prefix=prefix, dir=os.environ.get(MARK, "/tmp"))).resolve()


def left(run: str) -> list[psutil.Process]:
    """What the run whose mark is `run` started and is still there, with all that descends from it; ourselves left out."""
    marked: list[psutil.Process] = []
    stacks: set[str] = set()
    for process in psutil.process_iter():
        seen = _environment(process)
        if seen.get(MARK) == run:
            marked.append(process)
            stacks |= {seen[STACK]} if STACK in seen else set()
    # Postgres and Valkey of a stack see nothing of our environment, but the stack's own mark
    marked += [one for one in psutil.process_iter() if stacks and _environment(one).get(STACK) in stacks]
    found = {one.pid: one for one in marked}
    for process in marked:
        with contextlib.suppress(psutil.Error):
            found |= {child.pid: child for child in process.children(recursive=True)}
    return [found[pid] for pid in sorted(found) if pid != os.getpid()]


def _environment(process: psutil.Process) -> dict[str, str]:
    with contextlib.suppress(psutil.Error, OSError):
        return dict(process.environ())
    return {}


def _parent(process: psutil.Process) -> int:
    with contextlib.suppress(psutil.Error):
        return int(process.ppid())
    return 0


def _interrupted(*_: Any) -> None:
    """A CI's time limit ends a run as Ctrl-C does: fixtures take down what they put up."""
    raise KeyboardInterrupt


def main(folder: str) -> None:
    for number in NEEDED:
        signal.signal(number, signal.SIG_IGN)
    sys.stdin.buffer.read()
    ended = 0
    while found := left(folder):
        # who has children is told first, and may tell them; those that it leaves are the next to be told
        ids = {process.pid for process in found}
        oldest = [process for process in found if _parent(process) not in ids]
        ended += len(oldest)
        end(oldest)
    shutil.rmtree(folder, ignore_errors=True)
    if ended:
        print(f"the run left {ended} processes behind, which were ended", file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1])
