"""`make audit` says what it did: what could not be asked about is counted and named, and a run that asked nothing is no audit."""

from __future__ import annotations

import runpy
import stat
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
AUDIT = runpy.run_path(str(ROOT / ".ci" / "audit.py"))
judge, dependencies = AUDIT["judge"], AUDIT["_dependencies"]
FINE = {"name": "click", "version": "8.2.0", "vulns": []}
BAD = {"name": "Redis", "version": "6.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["6.1"]}]}
UNKNOWN = {"name": "moto", "skip_reason": "Dependency not found on PyPI and could not be audited: moto (5.2)"}


def test_all_asked_and_none_found() -> None:
    assert judge([FINE], ["click"]) == (0, ["audited 1 of 1 packages: no known vulnerabilities"])


def test_what_could_not_be_asked_about_is_counted_and_named() -> None:
    status, told = judge([FINE, UNKNOWN], ["click", "moto", "flower"])
    assert status == 0
    assert told[0].startswith("audited 1 of 3 packages")
    assert told[1] == "NOT AUDITED, 2 packages whose advisories could not be read: flower, moto"


def test_what_is_found_is_named_with_what_mends_it_and_fails() -> None:
    status, told = judge([FINE, BAD, UNKNOWN], ["click", "redis", "moto"])
    assert status == 1
    assert "  redis 6.0: PYSEC-1, mended in 6.1" in told


@pytest.mark.parametrize("report", ["", "Traceback", "[]", '{"dependencies": []}'])
def test_a_run_that_asked_nothing_is_not_called_an_audit(report: str) -> None:
    status, told = judge(dependencies(report), ["click", "moto"])
    assert status == 3
    assert told == [
        "NOT AUDITED: the advisories of none of 2 packages could be read from here; nothing is known of click, moto"
    ]


def test_neither_is_one_in_which_everything_was_passed_over() -> None:
    """pip-audit itself ends such a run with "No known vulnerabilities found" and exit 0."""
    status, told = judge([UNKNOWN], ["moto"])
    assert status == 3
    assert "no known" not in told[0]


@pytest.mark.parametrize(
    ("status", "passes", "last"),
    [(0, True, "make chaos-short"), (3, True, "passed, but NOT AUDITED"), (1, False, ""), (2, False, "")],
)
def test_the_gate_passes_where_nothing_can_be_asked_and_says_so_at_the_end(
    status: int, passes: bool, last: str, tmp_path: Path
) -> None:
    for path, script in (("run", (ROOT / ".ci" / "run").read_text()), ("audit.py", "")):
        (tmp_path / ".ci").mkdir(exist_ok=True)
        (tmp_path / ".ci" / path).write_text(script)
    programs = {"bin/make": 'echo make "$@"', "bin/pgbouncer": "", ".venv/bin/python": f"exit {status}"}
    for program, script in programs.items():
        (tmp_path / program).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / program).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / program).chmod(stat.S_IRWXU)
    gate = subprocess.run(
        ["bash", str(tmp_path / ".ci" / "run")],
        env={"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (gate.returncode == 0) is passes
    assert ("make test" in gate.stdout) is passes
    assert not last or gate.stdout.splitlines()[-1].startswith(last)
