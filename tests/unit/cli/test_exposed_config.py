"""A config file with a password that everybody can read is told of, at a terminal and by `im doctor`, without the password."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from im.cli.main import im
from im.cli.session import Session


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "config.toml"
    file.write_text('database_url = "postgresql://im:hunter2@127.0.0.1:1/im"\n')
    file.chmod(0o644)
    monkeypatch.setenv("IM_CONFIG", str(file))
    monkeypatch.setenv("IM_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("im.config_file.passable", lambda _: True)  # pytest's own folder is closed
    monkeypatch.setattr("im.services.health.doctor.diagnose", lambda *_: iter(()))
    return file


def test_doctor_fails_for_it_and_says_what_to_type(config: Path) -> None:
    done = CliRunner().invoke(im, ["doctor", "--json"], obj=Session(), prog_name="im")
    (told,) = json.loads(done.stdout)["checks"]
    assert (done.exit_code, told["name"], told["ok"]) == (1, "config file", False)
    assert "every user of this machine can read it" in told["detail"]
    assert told["mend"] == f"chmod 600 {config}"
    assert "hunter2" not in done.output
    config.chmod(0o600)
    done = CliRunner().invoke(im, ["doctor", "--json"], obj=Session(), prog_name="im")
    assert (done.exit_code, json.loads(done.stdout)["checks"]) == (0, [])


@pytest.mark.parametrize("terminal", [True, False])
def test_somebody_at_a_terminal_is_told_beside_every_answer(
    config: Path, terminal: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    assert Session().settings.config == config
    told = capsys.readouterr().err
    assert (f"Next: chmod 600 {config}" in told) is terminal
    assert "hunter2" not in told
