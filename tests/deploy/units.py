"""The systemd units: systemd itself finds nothing wrong with them, and little that they could do to the machine."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
EXPOSED = 15
"""Tenths of systemd's exposure level, of 100: what is left is the network, which all of them need."""


@pytest.fixture
def unpacked(tmp_path: Path) -> Path:
    """The units as they are on a machine that has the program."""
    program = tmp_path / "im"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    for one in UNITS:
        (tmp_path / one.name).write_text(one.read_text().replace("/opt/im/bin/im", str(program)))
    return tmp_path


def analyze(*words: str) -> subprocess.CompletedProcess[str]:
    found = shutil.which("systemd-analyze")
    assert found, "systemd-analyze is not here: apt-get install systemd"
    return subprocess.run([found, *words], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("unit", UNITS, ids=lambda one: one.stem)
def test_systemd_reads_every_word_of_it(unpacked: Path, unit: Path) -> None:
    done = analyze("verify", "--man=no", str(unpacked / unit.name))
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("unit", UNITS, ids=lambda one: one.stem)
def test_it_could_do_little_to_the_machine(unpacked: Path, unit: Path) -> None:
    done = analyze("security", "--offline=true", "--no-pager", f"--threshold={EXPOSED}", str(unpacked / unit.name))
    assert done.returncode == 0, done.stdout


def test_only_workers_read_what_the_clouds_are_shown() -> None:
    reading = {one.stem for one in UNITS if "/etc/im/cloud.env" in one.read_text()}
    assert (len(UNITS), reading) == (4, {"im-worker", "im-deadlines"})


def test_no_folder_belongs_to_two_of_them() -> None:
    """Their users exist only while they run, and systemd gives the folder to whoever starts last, with all that is in it."""
    for one in UNITS:
        said = set(one.read_text().splitlines())
        assert {"DynamicUser=yes", "StateDirectory=%N", "WorkingDirectory=%S/%N"} <= said, one.name


def test_one_that_is_stopped_while_it_starts_has_not_failed() -> None:
    """130 is what every command of ours ends with when a signal interrupts it."""
    for one in UNITS:
        assert "SuccessExitStatus=130" in one.read_text().splitlines(), one.name
