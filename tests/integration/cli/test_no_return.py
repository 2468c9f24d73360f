"""The point of no return: before the commit nothing is stored and it says so, after it it is stored and it says so."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from im.cli.main import im
from im.cli.session import Session
from im.db.engine import Database
from im.domain.errors import Unavailable
from tests.integration.typed import run
from tests.world import World

AWAY = "redis://127.0.0.1:1/0"
VERBS = {
    "extend": ("extend", "web", "-d", "1h"),
    "stop": ("stop", "web"),
    "start": ("start", "web", "-d", "1h"),
    "protect": ("protect", "web"),
    "protect --off": ("protect", "web", "--off"),
    "terminate": ("terminate", "web", "-y"),
    "pause": ("pause", "--for", "1m"),
    "budget": ("budget", "set", "50000"),
    "prices": ("prices", "set", "t9.huge", "1"),
}


def typed(folder: Path, url: str, broker: str, *words: str, stdout: str = "") -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("IM_", "AWS_", "XDG_"))}
    given = {"HOME": str(folder), "IM_SSH_FROM": "none", "IM_DATABASE_URL": url, "IM_BROKER_URL": broker}
    command = [sys.executable, "-P", "-m", "im.cli.main", *words]
    with open(stdout or os.devnull, "w") as out:
        return subprocess.run(
            command, env=kept | given, stdout=out, stderr=subprocess.PIPE, text=True, timeout=60, check=False
        )


def count(url: str, table: str) -> int:
    database = Database(url)
    with database.begin() as connection:
        found: int = connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
    database.dispose()
    return found


@pytest.mark.parametrize(
    "broker",
    [
        *("redis://:hunter2#x@127.0.0.1:1/0", "redis://:x[hunter2@127.0.0.1:1/0", "sentinel://:hunter2@127.0.0.1:1"),
        "redis://127.0.0.1:1/0?password=hunter2",
    ],
)
def test_a_broker_that_nobody_can_ring_is_refused_before_anything_is_stored(
    tmp_path: Path, database_url: str, key: str, broker: str
) -> None:
    done = typed(tmp_path, database_url, broker, "create", "--public-key", key, "--no-wait")
    assert done.returncode == 2
    assert done.stderr.startswith("im: IM_BROKER_URL ")
    assert "hunter2" not in done.stderr
    assert count(database_url, "instances") == 0


def test_an_answer_that_cannot_be_printed_is_no_failure_of_what_is_stored(
    tmp_path: Path, database_url: str, key: str
) -> None:
    made = typed(
        tmp_path, database_url, AWAY, "create", "--public-key", key, "--name", "web", "--no-wait", stdout="/dev/full"
    )
    assert made.returncode == 0
    assert (
        "the answer could not be told (no space left on device), but the request to create web is stored" in made.stderr
    )
    assert count(database_url, "instances") == 1
    for verb, words in VERBS.items():
        done = typed(tmp_path, database_url, AWAY, *words, stdout="/dev/full")
        assert done.returncode == 0, (verb, done.stderr)
        assert "is stored and goes on. Next: im list" in done.stderr, verb


@pytest.mark.parametrize("words", [("--verbose", *VERBS["pause"]), VERBS["pause"]])
def test_no_log_line_stands_between_the_commit_and_the_answer(
    tmp_path: Path, database_url: str, words: tuple[str, ...]
) -> None:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("IM_", "AWS_", "XDG_"))}
    given = {"HOME": str(tmp_path), "IM_DATABASE_URL": database_url, "IM_BROKER_URL": AWAY}
    command = [sys.executable, "-P", "-m", "im.cli.main", *words]
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            command, env=kept | given, stdout=subprocess.PIPE, stderr=full, text=True, timeout=60, check=False
        )
    assert done.returncode == 0
    assert done.stdout.startswith("deadlines are held until ")


def test_a_look_that_cannot_be_printed_says_so(tmp_path: Path, database_url: str) -> None:
    done = typed(tmp_path, database_url, AWAY, "list", stdout="/dev/full")
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "im: the answer cannot be written: no space left on device. Next: make room or mend that, then type it again"
    ]


def test_without_a_stdout_it_is_stored_and_fine(tmp_path: Path, database_url: str, key: str) -> None:
    line = f"exec {sys.executable} -P -m im.cli.main create --public-key {key} --no-wait >&- 2>&- <&-"
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("IM_", "AWS_", "XDG_"))}
    given = {"HOME": str(tmp_path), "IM_SSH_FROM": "none", "IM_DATABASE_URL": database_url, "IM_BROKER_URL": AWAY}
    assert subprocess.run(["sh", "-c", line], env=kept | given, timeout=60, check=False).returncode == 0
    assert count(database_url, "instances") == 1


@pytest.mark.parametrize("words", [VERBS["extend"], VERBS["stop"], VERBS["terminate"], VERBS["protect"]])
def test_a_database_that_is_away_before_the_commit_says_that_nothing_was_stored(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    done = typed(tmp_path, "postgresql://im:hunter2@127.0.0.1:1/im", AWAY, *words)
    assert done.returncode == 1
    assert "does not answer: nobody listens there; nothing was stored. Next: " in done.stderr
    assert "hunter2" not in done.stderr


@pytest.mark.parametrize("trouble", [RuntimeError("redis://:hunter2@h"), Unavailable("the database does not answer")])
def test_whatever_breaks_after_the_commit_is_told_as_stored(
    world: World, key: str, monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    def breaks(*_: object) -> None:
        raise trouble

    monkeypatch.setattr("im.cli.output.result.costs_of", breaks)
    result = run(world, "create", "--public-key", key, "--name", "web", "--json")
    assert result.exit_code == 0
    told = json.loads(result.stderr)["error"]
    assert told["code"] == "stored"
    assert "the request to create web is stored and goes on" in told["message"]
    assert "hunter2" not in result.stderr
    assert world.row("web").name == "web"


@pytest.mark.parametrize("where", ["im.services.requests.create.Answer", "im.services.requests.change.events.record"])
def test_ctrl_c_never_leaves_anybody_believing_what_is_not_known(
    world: World, key: str, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(where, interrupted)
    result = CliRunner().invoke(im, ["create", "--public-key", key], obj=Session(lambda: world.ctx), prog_name="im")
    assert result.exit_code == 130
    assert "it may be stored. Next: im list  shows whether" in result.stderr
