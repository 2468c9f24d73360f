"""Failpoints: one closed list, every one of them in the source, nothing armed unless the environment says so."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from im import failpoints
from im.domain.errors import Refused
from im.failpoints import Point, arm, reach

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _disarmed() -> Iterator[None]:
    yield
    arm({})


def reached_in_source() -> Counter[str]:
    """Every `reach(Point.X…)` in the source, by the name X; anything else that is passed to it is a mistake."""
    found: Counter[str] = Counter()
    for path in (p for folder in ("im", "workers") for p in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "reach":
                first = node.args[0]
                assert isinstance(first, ast.Attribute), f"{path}:{node.lineno} names no Point"
                assert isinstance(first.value, ast.Name), f"{path}:{node.lineno} names no Point"
                assert first.value.id == "Point", f"{path}:{node.lineno} names no Point"
                found[first.attr] += 1
    return found


def test_every_point_is_in_the_source_and_no_other() -> None:
    assert set(reached_in_source()) == {point.name for point in Point}


def test_nothing_is_armed_unless_the_environment_says_so() -> None:
    arm({})
    assert failpoints.armed is None
    for point in Point:
        reach(point, "stop")


@pytest.mark.parametrize(
    "written", ["claim=kill", "claim.committed", "claim.committed=explode", "claim.committed=kill@x", "=kill", "kill"]
)
def test_a_failpoint_that_does_not_exist_is_refused(written: str) -> None:
    with pytest.raises(Refused, match="IM_FAILPOINT"):
        arm({"IM_FAILPOINT": written})


def run(script: str, **environ: str) -> subprocess.CompletedProcess[str]:
    given = f"import os\nfrom im.failpoints import *\narm(os.environ)\n{textwrap.dedent(script)}"
    return subprocess.run(
        [sys.executable, "-c", given], env={**os.environ, **environ}, capture_output=True, text=True, check=False
    )


def test_an_armed_process_is_killed_exactly_there() -> None:
    done = run(
        """
        reach(Point.CLAIM_WRITTEN)
        print("before", flush=True)
        reach(Point.CLAIM_COMMITTED)
        print("after", flush=True)
        """,
        IM_FAILPOINT="claim.committed=kill",
    )
    assert done.returncode == -signal.SIGKILL
    assert done.stdout == "before\n"


def test_only_the_named_step_and_only_the_nth_time() -> None:
    done = run(
        """
        for n in range(9):
            print(n, flush=True)
            reach(Point.CALL_ANSWERED, "look")
            reach(Point.CALL_ANSWERED, "stop")
        """,
        IM_FAILPOINT="apply.written=kill,call.answered/stop=kill@3",
    )
    assert done.returncode == -signal.SIGKILL
    assert done.stdout.split() == ["0", "1", "2"]


def test_once_over_restarts_when_a_folder_for_marks_is_given(tmp_path: Path) -> None:
    script = "reach(Point.TASK_DONE, 'im.stop')\nprint('past it')"
    environ = {"IM_FAILPOINT": "task.done/im.stop=kill", "IM_FAILPOINT_ONCE": str(tmp_path)}
    assert run(script, **environ).returncode == -signal.SIGKILL
    again = run(script, **environ)
    assert (again.returncode, again.stdout) == (0, "past it\n")


def test_a_paused_process_goes_on_when_it_is_told_to() -> None:
    script = "from im.failpoints import *\nimport os\narm(os.environ)\nreach(Point.CALL_BEGUN)\nprint('went on')"
    paused = subprocess.Popen(
        [sys.executable, "-c", script],
        env={**os.environ, "IM_FAILPOINT": "call.begun=pause"},
        stdout=subprocess.PIPE,
        text=True,
    )
    with paused:
        _, status = os.waitpid(paused.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        os.kill(paused.pid, signal.SIGCONT)
        assert paused.communicate()[0] == "went on\n"
    assert paused.returncode == 0
