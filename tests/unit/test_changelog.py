"""Fragments of the changelog are well formed, and joining them takes nothing away from what is there."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.documented import ROOT

CHANGES = ROOT / "docs" / "changes"
NO_FRAGMENTS = {"README.md", "template.jinja"}
CONFIG = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["towncrier"]
KINDS = {one["directory"] for one in CONFIG["type"]}


def wrong_with(name: str, text: str) -> str:
    """What is wrong with a fragment; nothing when it is well formed."""
    said = re.fullmatch(r"[a-z0-9-]+\.([a-z]+)\.md", name)
    if said is None or said[1] not in KINDS:
        return f"{name}: is named WHAT.KIND.md, of {', '.join(sorted(KINDS))}"
    if not text.endswith("\n") or "\n\n" in text.rstrip("\n") or not text.strip():
        return f"{name}: is one paragraph, and ends with a line end"
    if re.match(r"[-*#\s]", text) or not re.search(r"[.:)*`]$", text.strip()):
        return f"{name}: is whole sentences, without a bullet or a title"
    return ""


def test_each_fragment_is_well_formed() -> None:
    there = {one.name: one.read_text() for one in CHANGES.iterdir() if one.name not in NO_FRAGMENTS}
    assert [told for name, text in there.items() if (told := wrong_with(name, text))] == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.feature.md", "A thing is new.\n"),
        ("A thing.added.md", "A thing is new.\n"),
        ("17.md", "A thing is new.\n"),
        ("a.added.md", ""),
        ("a.added.md", "A thing is new."),
        ("a.added.md", "A thing is new.\n\nSo is another.\n"),
        ("a.added.md", "- A thing is new.\n"),
        ("a.added.md", "## New\n"),
        ("a.added.md", "A thing\n"),
    ],
)
def test_one_that_is_not_is_told_of(name: str, text: str) -> None:
    assert wrong_with(name, text).startswith(name)


def test_joining_adds_a_section_and_touches_no_other(tmp_path: Path) -> None:
    (tmp_path / "docs" / "changes").mkdir(parents=True)
    for one in ("pyproject.toml", "CHANGELOG.md", "docs/changes/template.jinja", "docs/changes/README.md"):
        shutil.copy(ROOT / one, tmp_path / one)
    before = (tmp_path / "CHANGELOG.md").read_text()
    for number, told in (("9.1.0", "First."), ("9.2.0", "Second.")):
        for kind in ("added", "fixed"):
            (tmp_path / "docs" / "changes" / f"thing.{kind}.md").write_text(f"{told}\n")
        subprocess.run(
            [sys.executable, "-m", "towncrier", "build", "--yes", "--version", number, "--date", "2030-01-02"],
            cwd=tmp_path,
            capture_output=True,
            check=True,
        )
    head, tail = before.split(CONFIG["start_string"])
    told = [
        f"## [{number}] - 2030-01-02\n\n### Fixed\n- {text}\n\n### Added\n- {text}\n"
        for number, text in (("9.2.0", "Second."), ("9.1.0", "First."))
    ]
    after = (tmp_path / "CHANGELOG.md").read_text()
    assert after.startswith(head + CONFIG["start_string"])
    assert after.endswith(tail)
    between = after[len(head + CONFIG["start_string"]) : -len(tail)]
    assert [line for line in between.splitlines() if line] == [one for line in told for one in line.splitlines() if one]
    assert {one.name for one in (tmp_path / "docs" / "changes").iterdir()} == NO_FRAGMENTS
