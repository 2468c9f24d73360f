"""The demo, as a stranger meets it: beside a stack that runs, without a terminal and on one; it leaves nothing behind."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import reaper
from tests.e2e.conftest import StackUnderTest
from tests.e2e.test_cli_road import Terminal

STAGES = ("1/6", "2/6", "3/6", "4/6", "5/6", "6/6")


@pytest.fixture
def short_tmp() -> Iterator[Path]:
    made = reaper.new_folder("im-d-")
    # the user that Postgres runs as under root has to pass through
    made.chmod(0o711)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.mark.long
def test_beside_a_running_stack_it_shows_every_stage_and_clears_away(stack: StackUnderTest, short_tmp: Path) -> None:
    # names that would lead astray if the demo believed them
    astray = {"TMPDIR": str(short_tmp), "IM_DATABASE_URL": stack.database_url, "AWS_PROFILE": "nobody"}
    done = stack.run("demo", timeout=240, environ=astray)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [line[:3] for line in done.stdout.splitlines() if re.match(r"\d/\d", line)] == list(STAGES)
    seen = re.findall(r"the cloud itself says: (i-\w+) (\w+)", done.stdout)
    assert [state for _, state in seen] == ["running", "stopped", "running", "stopped"]
    assert len({machine for machine, _ in seen}) == 1
    assert "expired" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert list(short_tmp.iterdir()) == []
    assert "demo" not in stack.run("list", "--all", "-o", "name").stdout.split()


def test_on_a_terminal_it_can_be_kept_and_played_with(stack: StackUnderTest, short_tmp: Path) -> None:
    kept: StackUnderTest | None = None
    stack_environ = stack.environ
    try:
        stack.environ = {**stack_environ, "TMPDIR": str(short_tmp)}
        terminal = Terminal(stack, "demo", "--keep")
        shown = terminal.until(r"When you have seen enough", seconds=240)
        assert terminal.end() == 0, shown
        home = re.search(r"export IM_HOME=(\S+)", shown)
        assert home is not None
        assert "Flower: http://im:" in shown
        kept = StackUnderTest(Path(home[1]))
        listed = json.loads(kept.run("list", "--json").stdout)
        assert [one["name"] for one in listed] == ["demo"]
        assert kept.run("down", "--purge", "-y").returncode == 0
        assert not os.path.exists(Path(home[1]) / "stack")
    finally:
        stack.environ = stack_environ
        if kept is not None:
            kept.remove()
