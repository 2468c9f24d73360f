"""The merged log: every line with its program's name, the supervisor's in plain words."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from im.stack.mergedlog import MergedLog, tell


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            "2026-11-23 08:20:28,610 WARN exited: beat (exit status 1; not expected)",
            "beat ended unexpectedly (exit status 1); starting it again",
        ),
        (
            "2026-11-23 08:20:28,610 WARN exited: worker (terminated by SIGKILL; not expected)",
            "worker ended unexpectedly (terminated by SIGKILL); starting it again",
        ),
        ("2026-11-23 08:20:33,190 INFO spawned: 'worker' with pid 23110", "worker started (pid 23110)"),
        ("2026-11-23 08:20:33,190 INFO stopped: valkey (exit status 0)", "valkey stopped"),
        ("2026-11-23 08:20:33,190 INFO success: worker entered RUNNING state, process has stayed up", ""),
        ("2026-11-23 08:20:33,190 CRIT Server 'unix_http_server' running without any HTTP authentication checking", ""),
        ("2026-11-23 08:20:33,190 ERRO pool is full", "pool is full"),
    ],
)
def test_the_supervisor_speaks_plainly(line: str, told: str) -> None:
    assert tell(line) == told


def test_giving_up_says_what_to_do() -> None:
    told = tell("2026-11-23 08:20:33,190 INFO gave up: flower entered FATAL state, too many start retries too quickly")
    assert told.startswith("flower fails again and again")
    assert "im down" in told


def test_lines_are_prefixed_whole_and_only_new_ones(tmp_path: Path) -> None:
    (tmp_path / "worker.log").write_text("from an earlier run\n")
    out = io.StringIO()
    log = MergedLog(tmp_path, ("worker", "deadlines"), out)
    with (tmp_path / "worker.log").open("a") as worker, (tmp_path / "deadlines.log").open("a") as deadlines:
        worker.write("one\n\nhalf a li")
        deadlines.write("two\n")
        worker.flush(), deadlines.flush()
        log.pump()
        worker.write("ne\n")
        worker.flush()
        log.pump()
    assert out.getvalue().splitlines() == ["worker    | one", "deadlines | two", "worker    | half a line"]


def test_a_rotated_file_is_followed(tmp_path: Path) -> None:
    path, out = tmp_path / "worker.log", io.StringIO()
    log = MergedLog(tmp_path, ("worker",), out)
    path.write_text("before, and long enough\n")
    log.pump()
    path.rename(tmp_path / "worker.log.1")
    path.write_text("after\n")
    log.pump()
    assert out.getvalue().splitlines() == ["worker | before, and long enough", "worker | after"]


def test_colour_only_when_asked(tmp_path: Path) -> None:
    plain, coloured = io.StringIO(), io.StringIO()
    MergedLog(tmp_path, ("worker",), plain).say("hello")
    MergedLog(tmp_path, ("worker",), coloured, colour=True).say("hello")
    assert plain.getvalue() == "im     | hello\n"
    assert coloured.getvalue() == "\x1b[1mim     |\x1b[0m hello\n"
