"""`im` on a file system that can only be read: what needs no file of its own works as ever, and `im up` says why it cannot."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUvTP2ZzNfVJzGwDgnBpGmGH1GSUSbY0yV9r9eoyv6z me\n"
_READ_ONLY = ["unshare", *([] if os.getuid() == 0 else ["-r"]), "-m", "sh", "-c"]
_THERE = 'mount -o remount,bind,ro / && ! touch "$0" 2> /dev/null && exec "$@"'


@cache
def _allowed(folder: str) -> bool:
    """May we have a mount namespace of our own here? A container often may not."""
    words = [*_READ_ONLY, _THERE, f"{folder}/written", "true"]
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


def run(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """`im WORDS` where nothing can be written; where that cannot be had, with a home below /proc, where nobody can either."""
    command = [sys.executable, "-P", "-m", "im.cli.main", *words]
    home = str(folder)
    if _allowed(str(folder.parent)):
        command = [*_READ_ONLY, _THERE, f"{folder}/written", *command]
    else:
        home = "/proc/im"
    environ = {"PATH": os.environ["PATH"], "AWS_EC2_METADATA_DISABLED": "true", "IM_SSH_FROM": "none"}
    environ |= {"HOME": home, "IM_HOME": f"{home}/stack", "TMPDIR": home, **variables}
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def services(database_url: str) -> dict[str, str]:
    return {"IM_DATABASE_URL": database_url, "IM_BROKER_URL": "redis://127.0.0.1:1/0"}


def test_create_and_list_need_no_file_of_their_own(tmp_path: Path, services: dict[str, str]) -> None:
    (tmp_path / "id.pub").write_text(KEY)
    made = run(tmp_path, "create", "--public-key", f"{tmp_path}/id.pub", "--name", "web", "--no-wait", **services)
    assert made.returncode == 0, made.stderr
    assert made.stdout.startswith("web: launching")
    assert "this is stored" in made.stderr, "only the broker is away"
    assert "ile system" not in made.stderr
    listed = run(tmp_path, "list", "--json", **services)
    assert (listed.returncode, listed.stderr) == (0, "")
    assert [one["name"] for one in json.loads(listed.stdout)] == ["web"]


@pytest.mark.parametrize("words", [("list",), ("create", "--public-key", "id.pub")], ids=["list", "create"])
def test_without_services_it_is_said_as_anywhere(words: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "id.pub").write_text(KEY)
    done = run(tmp_path, *(f"{tmp_path}/{word}" if word == "id.pub" else word for word in words))
    assert done.returncode == 1
    assert done.stderr.startswith("im: no database is named and no local stack is running")
    assert "Next: `im up`" in done.stderr


def test_up_says_that_its_home_cannot_hold_the_stack_and_begins_nothing(tmp_path: Path) -> None:
    done = run(tmp_path, "up", "-d")
    assert done.returncode == 2
    why = "its file system can only be read" if _allowed(str(tmp_path.parent)) else "cannot be made"
    assert "cannot hold the stack: " in done.stderr
    assert why in done.stderr
    assert done.stderr.endswith("Next: name another folder with --home\n")
    assert list(tmp_path.iterdir()) == []
