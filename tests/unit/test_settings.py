"""Settings: where each value comes from, and that passwords stay out of sight."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from im.domain.config.policy import OnOrphan, OnOutsideStart, OnOutsideStop, Policies
from im.domain.config.web import WebSettings
from im.domain.errors import Refused
from im.own_settings import parts
from im.settings import Settings, every_setting
from im.stack_file import STACK_FILE


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return {"HOME": str(tmp_path)}


def test_nothing_given_is_all_defaults(env: dict[str, str]) -> None:
    settings = Settings.from_env(env)
    assert settings.database_url == ""
    assert settings.region == "us-east-1"
    assert settings.home == Path(env["HOME"]) / ".local/state/im"
    assert not settings.sandbox


def test_the_environment_beats_the_file_beats_the_stack(env: dict[str, str], tmp_path: Path) -> None:
    home = tmp_path / "state"
    home.mkdir()
    (home / STACK_FILE).write_text(json.dumps({"database_url": "postgresql:///stack", "broker_url": "redis://stack"}))
    env["IM_HOME"] = str(home)
    assert Settings.from_env(env).database_url == "postgresql:///stack"

    config = tmp_path / "config.toml"
    config.write_text('database_url = "postgresql:///file"\nregion = "eu-west-1"\n')
    env["IM_CONFIG"] = str(config)
    settings = Settings.from_env(env)
    assert (settings.database_url, settings.region) == ("postgresql:///file", "eu-west-1")
    assert settings.broker_url == ""  # a fleet is named: the stack on this machine is not mixed in

    env["IM_DATABASE_URL"] = "postgresql:///env"
    assert Settings.from_env(env).database_url == "postgresql:///env"


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("IM_BATCH", "many", "IM_BATCH=many is not a number"),
        ("IM_BATCH", "0", "out of range"),
        ("IM_STEP_LEASE", "-1", "out of range"),
        ("IM_LOG_LEVEL", "loud", "no log level"),
        ("IM_LOG_FORMAT", "xml", "no log format"),
        ("IM_CONFIG", "/nonexistent/im.toml", "no config file"),
        ("IM_ON_OUTSIDE_STOP", "ignore", "IM_ON_OUTSIDE_STOP=ignore is no policy"),
        ("IM_ON_ORPHAN", "kill", "IM_ON_ORPHAN=kill is no policy"),
    ],
)
def test_a_value_that_cannot_be_is_named(env: dict[str, str], variable: str, value: str, says: str) -> None:
    with pytest.raises(Refused, match=says):
        Settings.from_env(env | {variable: value})


def test_an_unknown_setting_in_the_file_is_named(env: dict[str, str], tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('databse_url = "postgresql:///x"\n')
    with pytest.raises(Refused, match="unknown setting 'databse_url'"):
        Settings.from_env(env | {"IM_CONFIG": str(config)})


def test_policies_are_chosen_by_name_in_the_environment_and_in_the_file(env: dict[str, str], tmp_path: Path) -> None:
    assert Settings.from_env(env).policies == Policies()
    config = tmp_path / "config.toml"
    config.write_text('on_outside_stop = "restart"\n')
    chosen = Settings.from_env(env | {"IM_CONFIG": str(config), "IM_ON_OUTSIDE_START": "stop", "IM_ON_ORPHAN": "adopt"})
    assert chosen.policies == Policies(OnOutsideStop.RESTART, OnOutsideStart.STOP, OnOrphan.ADOPT)
    with pytest.raises(Refused, match="no policy") as caught:
        Settings.from_env(env | {"IM_ON_OUTSIDE_START": ""} | {"IM_ON_ORPHAN": "kill"})
    assert caught.value.hint == "use list or adopt"


def test_valkey_is_spoken_to_as_redis(env: dict[str, str]) -> None:
    given = Settings.from_env(env | {"IM_BROKER_URL": "valkeys://host:6379/0"})
    assert given.broker_url == "rediss://host:6379/0"


def test_no_password_in_a_repr(env: dict[str, str]) -> None:
    given = env | {"IM_DATABASE_URL": "postgresql://u:hunter2@h/d", "IM_BROKER_URL": "redis://:hunter2@h:6379/0"}
    shown = repr(Settings.from_env(given))
    assert "hunter2" not in shown
    assert "database_url='***'" in shown


def test_every_setting_has_a_sentence() -> None:
    assert all(f.metadata["env"] and f.metadata["says"] for f in every_setting().values())


def test_a_part_is_the_same_whether_or_not_it_was_read(env: dict[str, str]) -> None:
    for more in ({}, {"IM_SANDBOX_URL": "http://sandbox:secret@127.0.0.1:1"}):
        alone, beside = Settings.from_env(env | more), Settings.from_env(env | more | {"IM_NO_SUCH": "1"})
        assert (alone.parts, len(beside.parts)) == ((), len(parts()) if more else 0)
        assert [alone.own(kind) for kind in parts()] == [beside.own(kind) for kind in parts()]


def test_whatever_is_set_of_a_part_is_found_by_how_variables_begin() -> None:
    assert all(one.metadata["env"].startswith("IM_") for one in every_setting().values())


def stack_in(home: Path, sockets: Path) -> None:
    (home / "stack").mkdir(parents=True)
    named = {"database_url": "postgresql:///stack", "broker_url": "redis://:secret@127.0.0.1:6390/0"}
    (home / STACK_FILE).write_text(json.dumps({**named, "flower_url": "http://im:secret@127.0.0.1:5555"}))
    (home / "stack" / "details.json").write_text(json.dumps({"sockets": str(sockets)}))


def test_a_stack_that_is_gone_has_no_password_to_send(env: dict[str, str], tmp_path: Path) -> None:
    """After a restart of the machine, the ports are whoever's."""
    env["IM_HOME"] = str(tmp_path / "state")
    stack_in(tmp_path / "state", tmp_path / "run")
    settings = Settings.from_env(env)
    assert (settings.broker_url, settings.flower_url) == ("", "")
    assert settings.database_url == "postgresql:///stack"  # a socket in a folder of our own


def test_what_the_stack_says_of_its_page_is_read(env: dict[str, str], tmp_path: Path) -> None:
    env["IM_HOME"] = str(tmp_path / "state")
    stack_in(tmp_path / "state", tmp_path / "run")
    file = tmp_path / "state" / STACK_FILE
    file.write_text(json.dumps({**json.loads(file.read_text()), "web_port": 9999}))
    assert Settings.from_env(env).own(WebSettings).web_port == 9999


def test_of_a_socket_that_nobody_listens_on_any_more_nothing_is_believed(
    env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    env["IM_HOME"] = str(tmp_path / "state")
    stack_in(tmp_path / "state", Path("run"))
    (tmp_path / "run" / "control").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)  # a socket's path is short
    with socket.socket(socket.AF_UNIX) as supervisor:
        supervisor.bind("run/control/sock")
        supervisor.listen()
        assert Settings.from_env(env).broker_url.endswith("@127.0.0.1:6390/0")
    assert Settings.from_env(env).broker_url == ""


@pytest.mark.parametrize(
    ("line", "mode", "told"),
    [
        ('database_url = "postgresql://im:secret@db/im"', 0o644, "database_url"),
        ('database_url = "postgresql://db/im?user=im&password=secret"', 0o644, "database_url"),
        ('notice_slack = "https://hooks.slack.com/services/T/B/x"', 0o604, "notice_slack"),
        ('database_url = "postgresql://im:secret@db/im"', 0o640, ""),
        ('database_url = "postgresql:///im"', 0o644, ""),
        ('region = "eu-west-1"', 0o644, ""),
    ],
)
def test_a_password_that_everybody_can_read_is_told_of(
    env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, mode: int, told: str
) -> None:
    config = tmp_path / "config.toml"
    config.write_text(line)
    config.chmod(mode)
    env["IM_CONFIG"] = str(config)
    assert Settings.from_env(env).exposure == ""  # pytest's own folder is closed
    monkeypatch.setattr("im.config_file.passable", lambda _: True)
    found = Settings.from_env(env).exposure
    assert (told in found and str(config) in found) if told else found == ""
    assert "secret" not in found
