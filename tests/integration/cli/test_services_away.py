"""Real `im` processes against services that are away, behind or misnamed: one line, the right code, nothing half-done."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from im.db.engine import Database
from im.db.schema import migrate

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUvTP2ZzNfVJzGwDgnBpGmGH1GSUSbY0yV9r9eoyv6z me\n"


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that is ours and on which nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def run(tmp_path: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("IM_", "AWS_", "XDG_"))}
    environ = {**kept, "HOME": str(tmp_path), "AWS_EC2_METADATA_DISABLED": "true", "IM_SSH_FROM": "none", **variables}
    command = [sys.executable, "-P", "-m", "im.cli.main", *words]
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60)


def _one_line(done: subprocess.CompletedProcess[str]) -> str:
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    return lines[0]


@pytest.mark.parametrize(
    "words", [("list",), ("stop", "web"), ("create", "--public-key"), ("db", "upgrade"), ("db", "status")]
)
def test_nothing_is_named_and_no_stack_runs(tmp_path: Path, key: str, words: tuple[str, ...]) -> None:
    # a create asks for its own address only where it can be stored
    done = run(tmp_path, *words, *([key] if words[-1] == "--public-key" else []), IM_SSH_FROM="me")
    stored = "; nothing was stored" if words[0] == "stop" else ""
    assert _one_line(done) == (
        f"im: no database is named and no local stack is running{stored}. Next: `im up` starts one on this machine; "
        "a fleet sets IM_DATABASE_URL and IM_BROKER_URL"
    )
    assert done.returncode == 1


def test_a_database_that_is_away_is_named_without_its_password(tmp_path: Path, closed_port: int) -> None:
    url = f"postgresql://im:hunter2@127.0.0.1:{closed_port}/im"
    done = run(tmp_path, "list", IM_DATABASE_URL=url)
    line = _one_line(done)
    assert line.startswith(
        f"im: the database at postgresql://im@127.0.0.1:{closed_port}/im does not answer: nobody listens there"
    )
    assert "hunter2" not in line
    assert done.returncode == 1
    as_json = run(tmp_path, "list", "--json", IM_DATABASE_URL=url)
    assert json.loads(as_json.stderr)["error"]["code"] == "unavailable"
    assert as_json.stdout == ""


@pytest.mark.parametrize("url", ["not a url", "mysql://localhost/im"])
def test_a_database_url_that_is_none_is_refused(tmp_path: Path, url: str) -> None:
    done = run(tmp_path, "list", IM_DATABASE_URL=url)
    assert _one_line(done).startswith("im: IM_DATABASE_URL ")
    assert done.returncode == 2


def test_a_setting_that_cannot_be_is_named(tmp_path: Path) -> None:
    done = run(tmp_path, "list", IM_BATCH="many")
    assert _one_line(done) == "im: IM_BATCH=many is not a number. Next: unset IM_BATCH for the default, 200"
    assert done.returncode == 2


def test_a_database_that_was_never_migrated_says_what_to_type_and_then_works(
    tmp_path: Path, postgres_url: str, key: str
) -> None:
    with _fresh_database(postgres_url, "im_cli_behind") as url:
        done = run(tmp_path, "create", "--public-key", key, IM_DATABASE_URL=url)
        assert "Next: run `im db upgrade`" in _one_line(done)
        assert done.returncode == 1
        behind = run(tmp_path, "db", "status", "--json", IM_DATABASE_URL=url)
        assert json.loads(behind.stdout) == {"current": None, "head": migrate.head(), "up_to_date": False}
        assert behind.returncode == 1
        assert run(tmp_path, "db", "upgrade", IM_DATABASE_URL=url).returncode == 0
        again = run(tmp_path, "db", "upgrade", IM_DATABASE_URL=url)
        assert again.stdout == f"the database is at revision {migrate.head()}\n"
        assert run(tmp_path, "db", "status", IM_DATABASE_URL=url).returncode == 0
        assert run(tmp_path, "list", "--json", IM_DATABASE_URL=url).stdout == "[]\n"


def test_a_broker_that_is_away_is_said_in_seconds_and_the_row_is_kept(
    tmp_path: Path, database_url: str, closed_port: int, key: str
) -> None:
    broker = f"redis://:hunter2@127.0.0.1:{closed_port}/0"
    done = run(
        tmp_path, "create", "--public-key", key, "--name", "web", IM_DATABASE_URL=database_url, IM_BROKER_URL=broker
    )
    assert _told_only(done.stderr).startswith("the broker did not answer; this is stored, and the next tick")
    assert done.stdout.startswith("web: launching")
    assert done.returncode == 0
    database = Database(database_url)
    with database.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM instances WHERE name = 'web'")).scalar_one() == 1
    database.dispose()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nhunter2\n", "is a private key, which must never leave this machine"),
        ("hello", "that is no OpenSSH public key"),
        (KEY.replace("AAAAC3", "AAAAC4"), "damaged"),
    ],
)
def test_a_file_that_is_no_public_key_writes_nothing(
    tmp_path: Path, database_url: str, content: str, told: str
) -> None:
    file = tmp_path / "key"
    file.write_text(content)
    done = run(tmp_path, "create", "--public-key", str(file), IM_DATABASE_URL=database_url)
    assert told in _one_line(done)
    assert "hunter2" not in done.stderr
    assert done.returncode == 2
    assert run(tmp_path, "list", "--all", "-q", IM_DATABASE_URL=database_url).stdout == ""


def test_doctor_checks_everything_although_nothing_is_there(tmp_path: Path, closed_port: int) -> None:
    away = {
        "IM_DATABASE_URL": f"postgresql://im:hunter2@127.0.0.1:{closed_port}/im",
        "IM_BROKER_URL": f"redis://:hunter2@127.0.0.1:{closed_port}/0",
        "IM_SANDBOX_URL": f"http://127.0.0.1:{closed_port}",
    }
    done = run(tmp_path, "doctor", "--json", **away)
    told = json.loads(done.stdout)
    assert done.returncode == 1
    assert done.stderr == ""
    assert told["ok"] is False
    failed = {c["name"]: c for c in told["checks"] if not c["ok"]}
    assert {"database", "migrations", "broker", "workers", "beat", "cloud, endpoint", "clocks"} <= set(failed)
    assert all(check["mend"] for check in failed.values())
    assert "hunter2" not in done.stdout
    table = run(tmp_path, "doctor", **away)
    assert table.returncode == 1
    assert "hunter2" not in table.stdout
    assert "database FAIL the database at" in " ".join(table.stdout.split())


def test_doctor_says_which_worker_and_which_beat_are_missing(
    tmp_path: Path, database_url: str, closed_port: int
) -> None:
    told = json.loads(run(tmp_path, "doctor", "--json", IM_DATABASE_URL=database_url).stdout)
    by_name = {c["name"]: c for c in told["checks"]}
    assert by_name["database"]["ok"]
    assert by_name["migrations"]["ok"]
    assert by_name["beat, refresh"]["detail"] == by_name["beat, enforce ttl"]["detail"] == "has never ticked"
    assert by_name["broker"]["detail"] == "no broker is named and no local stack is running"


def _told_only(stderr: str) -> str:
    lines = stderr.splitlines()
    assert len(lines) == 1, stderr
    return lines[0]


class _fresh_database:
    """A database of this name on the same server, gone afterwards."""

    def __init__(self, url: str, name: str) -> None:
        from sqlalchemy.engine import make_url

        self._server, self._name = url, name
        self._url = make_url(url).set(database=name).render_as_string(hide_password=False)

    def _say(self, statement: str) -> None:
        from im.db.engine import make_engine

        engine = make_engine(self._server)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(statement))
        engine.dispose()

    def __enter__(self) -> str:
        self._say(f"DROP DATABASE IF EXISTS {self._name}")
        self._say(f"CREATE DATABASE {self._name}")
        return self._url

    def __exit__(self, *_: object) -> None:
        self._say(f"DROP DATABASE {self._name} WITH (FORCE)")
