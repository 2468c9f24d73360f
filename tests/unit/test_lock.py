"""What an image installs is pinned with hashes, and the pins are what pyproject.toml asks for."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def extra(name: str) -> list[str]:
    """What an extra asks for; one that asks for another of ours asks for what that does."""
    asked = map(Requirement, PROJECT["optional-dependencies"][name])
    return [
        line
        for one in asked
        for line in ([more for own in one.extras for more in extra(own)] if one.name == PROJECT["name"] else [str(one)])
    ]


WANTED = {
    "requirements.lock": [*PROJECT["dependencies"], *extra("web"), *extra("mcp"), *extra("clouds")],
    "requirements-local.lock": [*PROJECT["dependencies"], *extra("local")],
}


def pins(name: str) -> dict[str, str]:
    """Package → its version, each with the hashes that follow it."""
    found = {}
    for entry in re.split(r"\n(?=\S)", (ROOT / name).read_text().strip()):
        first = re.match(r"([A-Za-z0-9._-]+)==([^\s;\\]+)", entry)
        assert first, entry
        assert "--hash=sha256:" in entry, first[1]
        found[re.sub(r"[-_.]+", "-", first[1]).lower()] = first[2]
    return found


@pytest.mark.parametrize("name", WANTED)
def test_the_lock_holds_what_is_asked_for(name: str) -> None:
    locked = pins(name)
    for line in WANTED[name]:
        one = Requirement(line)
        assert one.specifier.contains(locked[re.sub(r"[-_.]+", "-", one.name).lower()]), f"make lock  renews {name}"


@pytest.mark.parametrize("name", WANTED)
def test_the_lock_names_no_place_of_its_own(name: str) -> None:
    text = (ROOT / name).read_text()
    assert "://" not in text
    assert "index-url" not in text
