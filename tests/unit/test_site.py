"""The documentation as a site: every page is in its contents, and the builder, told to be strict, finds nothing wrong."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from docs.reference import PAGES
from docs.site import gather
from im.cli.main import COMMANDS
from im.domain.event import EventKind
from im.views.exits import Exit
from tests.documented import ROOT

SITE = ROOT / "zensical.toml"


def pages(contents: Any) -> Iterator[str]:
    match contents:
        case str():
            yield contents
        case dict():
            for one in contents.values():
                yield from pages(one)
        case list():
            for one in contents:
                yield from pages(one)


def test_every_page_is_in_the_contents_once(tmp_path: Path) -> None:
    gather(tmp_path / "docs")
    there = sorted(one.relative_to(tmp_path / "docs").as_posix() for one in (tmp_path / "docs").rglob("*.md"))
    assert sorted(pages(tomllib.loads(SITE.read_text())["project"]["nav"])) == there


def test_it_is_built_without_a_warning(tmp_path: Path) -> None:
    gather(tmp_path / "build" / "docs")
    (tmp_path / "zensical.toml").write_text(SITE.read_text())
    built = subprocess.run(
        [sys.executable, "-m", "zensical", "build", "--strict"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    assert (tmp_path / "build" / "site" / "reference" / "commands" / "index.html").exists()


def test_a_link_that_leads_nowhere_is_refused(tmp_path: Path) -> None:
    gather(tmp_path / "build" / "docs")
    (tmp_path / "zensical.toml").write_text(SITE.read_text())
    with (tmp_path / "build" / "docs" / "index.md").open("a") as page:
        page.write("\n[nowhere](no-such-page.md)\n")
    built = subprocess.run(
        [sys.executable, "-m", "zensical", "build", "--strict"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode != 0
    assert "page does not exist" in built.stdout + built.stderr


@pytest.mark.parametrize(
    ("page", "things"),
    [
        ("commands.md", [f" im {name}\n" for name in COMMANDS]),
        ("events.md", [f"`{one.value}`" for one in EventKind]),
        ("exits.md", [f"| {one.value} |" for one in Exit]),
        ("routes.md", ["`POST /api/v1/instances`", "`GET /api/v1/instances/{name}`"]),
    ],
)
def test_the_reference_tells_of_everything(page: str, things: list[str]) -> None:
    told = PAGES[page]()
    assert [thing for thing in things if thing not in told] == []
