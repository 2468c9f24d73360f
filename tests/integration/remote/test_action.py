"""The GitHub Action, its steps run as a runner runs them: a machine while a command runs, and none after it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from im.domain.state import Observed, OnExpiry
from tests.documented import ROOT
from tests.integration.serving import Serving
from tests.world import World

ACTION = ROOT / "deploy" / "action" / "action.yml"
_INPUT = re.compile(r"\$\{\{ inputs\.(\w+) \}\}")


@dataclass
class Runner:
    """What of GitHub's runner a composite action meets: its files, its environment, steps in order, and `always()`."""

    world: World
    given: dict[str, str]
    folder: Path
    failed: bool = False
    said: str = ""
    ran: list[str] = field(default_factory=list)

    def run(self) -> None:
        for step in yaml.safe_load(ACTION.read_text())["runs"]["steps"]:
            if not self.failed or step.get("if") == "always()":
                self._step(step)

    def outputs(self) -> dict[str, str]:
        return _pairs(self.folder / "output")

    def _step(self, step: dict[str, Any]) -> None:
        assert "${{" not in step["run"], "an input in a script is run as a part of it"
        own = {name: _INPUT.sub(lambda m: self.given[m[1]], value) for name, value in step.get("env", {}).items()}
        runners = {
            "RUNNER_TEMP": self.folder,
            "GITHUB_ENV": self.folder / "env",
            "GITHUB_OUTPUT": self.folder / "output",
            "GITHUB_PATH": self.folder / "path",
            "GITHUB_ACTION_PATH": ACTION.parent,
        }
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        env = {"PATH": path, "HOME": str(self.folder), **{name: str(value) for name, value in runners.items()}}
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
        # into a file: nobody reads a pipe while the world goes on
        with (self.folder / "log").open("a+") as log:
            process = subprocess.Popen(
                command, env={**env, **_pairs(self.folder / "env"), **own}, stdout=log, stderr=log
            )
            while process.poll() is None:
                self.world.advance(1)
        self.said = (self.folder / "log").read_text()
        self.failed |= process.returncode != 0
        self.ran.append(step["name"])


def _pairs(file: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in file.read_text().splitlines()) if file.exists() else {}


@pytest.fixture
def runner(world: World, served: Serving, tmp_path: Path) -> Runner:
    assert world.place is not None
    inputs = {name: str(one.get("default", "")) for name, one in yaml.safe_load(ACTION.read_text())["inputs"].items()}
    own = {
        "url": served.url,
        "token": world.place.token,
        "duration": "1h",
        "name": "gh-1",
        "run": 'echo "at $IM_ADDRESS"',
    }
    return Runner(world, inputs | own, tmp_path)


def test_a_command_has_a_machine_and_in_the_end_there_is_none(runner: Runner) -> None:
    runner.run()
    row = runner.world.row("gh-1")
    assert (runner.failed, runner.ran) == (False, ["Install", "Rent", "Run", "End"]), runner.said
    assert f"at {runner.outputs()['address']}" in runner.said
    assert runner.outputs()["name"] == "gh-1"
    assert (row.observed, row.on_expiry) == (Observed.TERMINATED, OnExpiry.TERMINATE)
    assert runner.world.machines() == []
    assert runner.given["token"] not in runner.said


@pytest.mark.parametrize("run", ["exit 3", "kill -9 $$"])
def test_a_command_that_fails_fails_the_job_and_leaves_nothing(runner: Runner, run: str) -> None:
    runner.given["run"] = run
    runner.run()
    assert (runner.failed, runner.ran) == (True, ["Install", "Rent", "Run", "End"]), runner.said
    assert runner.world.row("gh-1").observed is Observed.TERMINATED
    assert runner.world.machines() == []


def test_a_machine_that_is_refused_runs_nothing_and_the_reason_stands_in_the_log(runner: Runner) -> None:
    runner.given["duration"] = "soon"
    runner.run()
    assert (runner.failed, runner.ran) == (True, ["Install", "Rent", "End"])
    assert "soon" in runner.said


def test_a_machine_of_the_same_name_that_was_there_before_is_nobodys_to_end(runner: Runner) -> None:
    runner.world.create("gh-1")
    runner.world.advance(30)
    runner.run()
    assert (runner.failed, runner.ran) == (True, ["Install", "Rent", "End"]), runner.said
    assert runner.world.row("gh-1").observed is Observed.RUNNING
    assert not (runner.folder / "im-key").exists()


def test_what_an_input_says_is_no_script(runner: Runner) -> None:
    runner.given["name"] = f"gh-1$(touch {runner.folder}/run)"
    runner.run()
    assert runner.failed
    assert not (runner.folder / "run").exists()


def test_a_runner_without_im_installs_what_the_action_came_with(tmp_path: Path) -> None:
    """Into a folder of its own, which the steps after it find; the Python of the machine, here a stand-in, is left alone."""
    (install, *_) = yaml.safe_load(ACTION.read_text())["runs"]["steps"]
    python = tmp_path / "bin" / "python3"
    python.parent.mkdir()
    python.write_text("""#!/bin/sh
mkdir -p "$3/bin"
printf '#!/bin/sh\\necho "$@" > "%s/asked"' "$3" > "$3/bin/python"
chmod +x "$3/bin/python"
""")
    python.chmod(0o755)
    env = {"PATH": f"{python.parent}:/usr/bin:/bin", "PACKAGE": "", "RUNNER_TEMP": str(tmp_path)}
    env |= {"GITHUB_PATH": str(tmp_path / "path"), "GITHUB_ACTION_PATH": str(ACTION.parent)}
    subprocess.run(["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", install["run"]], env=env, check=True)
    own = tmp_path / "im-program"
    assert (tmp_path / "path").read_text() == f"{own}/bin\n"
    words = (own / "asked").read_text().split()
    assert words[:-1] == ["-m", "pip", "install", "--quiet"]
    assert Path(words[-1]).resolve() == ROOT


def test_githubs_own_schema_takes_it() -> None:
    words = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-actions", str(ACTION)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
