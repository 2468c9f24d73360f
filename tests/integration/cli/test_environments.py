"""`im` where machines run it: without a home, a name, a terminal or open streams, in any locale. It answers in words, always."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

CLOSE = (
    'import os, sys; [os.close(int(n)) for n in sys.argv[1].split(",")];'
    " os.execv(sys.executable, [sys.executable, *sys.argv[2:]])"
)
BARE = {"AWS_EC2_METADATA_DISABLED": "true", "IM_SSH_FROM": "none"}


def run(*words: str, wrapped: tuple[str, ...] = (), **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *wrapped, "-P", "-m", "im.cli.main", *words]
    return subprocess.run(
        command, env={**BARE, **variables}, capture_output=True, text=True, errors="replace", timeout=60
    )


LOOKS = [("list",), ("agenda",), ("status", "web"), ("why", "web"), ("history", "web"), ("orphans",), ("metrics",)]


@pytest.mark.parametrize("words", LOOKS, ids=lambda words: words[0])
@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"HOME": "/dev/null"},
        {"LC_ALL": "C", "PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "POSIX", "PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "0"},
    ],
    ids=["cron's, with nothing", "a home that is none", "ASCII", "Latin-1"],
)
def test_every_look_answers_in_words(words: tuple[str, ...], variables: dict[str, str]) -> None:
    done = run(*words, **variables)
    assert done.returncode == 1
    assert done.stderr.startswith("im: no database is named and no local stack is running. Next: `im up`")


@pytest.mark.parametrize("closed", ["0", "1", "2", "0,1,2"])
def test_closed_streams_change_neither_answer_nor_code(closed: str, database_url: str) -> None:
    done = run("list", "--json", wrapped=("-c", CLOSE, closed), IM_DATABASE_URL=database_url)
    assert done.returncode == 0
    assert done.stderr == ""
    assert done.stdout == ("[]\n" if "1" not in closed else "")


def test_a_user_without_a_name_or_a_home_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    from im.settings import Settings

    def nobody(*_: object) -> None:
        raise KeyError("getpwuid(): uid not found: 54321")

    monkeypatch.setattr("pwd.getpwuid", nobody)
    read = Settings.from_env({})
    assert (read.owner, read.home) != ("", Path())


def test_a_config_file_as_notepad_writes_it(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes('owner = "ada"\r\nregion = "eu-west-1"\r\n'.encode("utf-16"))
    from im.settings import Settings

    for content in (file.read_bytes(), 'owner = "ada"\r\n'.encode("utf-8-sig")):
        file.write_bytes(content)
        assert Settings.from_env({"IM_CONFIG": str(file)}).owner == "ada"


def test_doctor_says_which_settings_cannot_be_and_checks_the_rest(tmp_path: Path, database_url: str) -> None:
    config = tmp_path / "config.toml"
    config.write_text("owner = ")
    broken = {"IM_BATCH": "many", "IM_GUARD": "dog", "IM_CONFIG": str(config)}
    done = run("doctor", "--json", IM_DATABASE_URL=database_url, **broken)
    checks = json.loads(done.stdout)["checks"]
    unread = [check["detail"] for check in checks if check["name"] == "settings"]
    assert len(unread) == 3
    assert f"{config} cannot be read" in unread[0]
    assert next(check for check in checks if check["name"] == "database")["ok"]
    assert done.returncode == 1


def test_doctor_sends_nobody_back_to_doctor() -> None:
    nowhere = {"IM_DATABASE_URL": "postgresql://im@127.0.0.1:1/im", "IM_BROKER_URL": "redis://127.0.0.1:1/0"}
    checks = json.loads(run("doctor", "--json", IM_SANDBOX_URL="http://127.0.0.1:1", **nowhere).stdout)["checks"]
    assert [check["mend"] for check in checks if "im doctor" in check["mend"]] == []


def test_a_check_that_breaks_ends_no_other(monkeypatch: pytest.MonkeyPatch, database_url: str) -> None:
    from im.services.health import doctor, doctor_fleet
    from im.settings import Settings

    def broken(*_: object) -> None:
        raise ZeroDivisionError("of a library's own")

    monkeypatch.setattr(doctor_fleet, "beat", broken)
    told = {check.name: check for check in doctor.diagnose(Settings(database_url=database_url), None)}
    assert not told["beat"].ok
    assert told["orphans"].ok
    assert "of a library's own" not in told["beat"].detail


KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUvTP2ZzNfVJzGwDgnBpGmGH1GSUSbY0yV9r9eoyv6z me\n"


@pytest.mark.parametrize(
    ("zone", "utc"), [("Asia/Kathmandu", "T12:15:00"), ("UTC", "T18:00:00"), ("No/Such", "T18:00:00")]
)
def test_a_wall_clock_of_another_zone_is_read_and_shown_as_its_own(zone: str, utc: str, tmp_path: Path) -> None:
    (tmp_path / "id.pub").write_text(KEY)
    day = f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%d}"  # none of the three has a summer time
    typed = ("create", "--public-key", str(tmp_path / "id.pub"), "--until", f"{day} 18:00", "--dry-run")
    done = run(*typed, "--json", TZ=zone)
    assert done.stderr == ""
    assert json.loads(done.stdout)["expires_at"].startswith(day + utc)
    assert " 18:00 (in " in run(*typed, TZ=zone).stdout


_IGNORING = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])"


def test_whoever_is_started_with_sigint_ignored_answers_all_the_same(database_url: str) -> None:
    """As nohup and a shell's `&` start things."""
    done = run("list", "--json", wrapped=("-c", _IGNORING, sys.executable), IM_DATABASE_URL=database_url)
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")


# the real user id is who one is; the effective one, left as it was, still reads the files of whoever runs this
_AS_NOBODY = "import os, sys; os.geteuid() == 0 and os.setresuid(54321, 0, 0); os.execv(sys.argv[1], sys.argv[1:])"


def test_a_user_that_nobody_knows_is_told_what_to_do() -> None:
    done = run("list", wrapped=("-c", _AS_NOBODY, sys.executable))
    assert done.returncode == 1
    assert done.stderr.startswith("im: no database is named and no local stack is running. Next: `im up`")


@pytest.mark.parametrize(
    ("home", "why"),
    [
        ("file", "something that is no folder has that name"),
        ("file/below", "something on the way to it is no folder"),
        ("/proc/im", "something on the way to it is not there, and cannot be made"),
    ],
)
def test_a_home_that_cannot_hold_the_stack_is_refused_and_nothing_is_begun(home: str, why: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    at = Path(tmp_path, home)
    done = run("up", "-d", IM_HOME=str(at))
    assert done.returncode == 2
    assert done.stderr == f"im: {at} cannot hold the stack: {why}. Next: name another folder with --home\n"
    assert sorted(tmp_path.iterdir()) == [tmp_path / "file"]


def test_a_home_that_can_only_be_read_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from im.domain.errors import Refused
    from im.stack.layout import Layout

    def only_read(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "chmod", only_read)
    with pytest.raises(Refused, match="cannot hold the stack: its file system can only be read"):
        Layout(tmp_path).prepare()
