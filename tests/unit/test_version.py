"""The version stands once, in im/__init__.py. The wheel is built from it; what cannot read it there is held to it here."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib

import pytest
import yaml
from click.testing import CliRunner

import im
from im.cli.main import im as command
from tests.documented import ROOT

THERE = im.__version__


def chart() -> list[str]:
    told = yaml.safe_load((ROOT / "deploy" / "helm" / "Chart.yaml").read_text())
    return [told["version"], told["appVersion"]]


def image() -> list[str]:
    text = (ROOT / "Dockerfile").read_text()
    assert 'org.opencontainers.image.version="$VERSION"' in text
    return re.findall(r"^ARG VERSION=(.*)$", text, re.MULTILINE)


def image_that_the_chart_pulls() -> list[str]:
    return re.findall(r"REGISTRY/im:(\S+)", (ROOT / "docs" / "helm.md").read_text())


def openapi() -> list[str]:
    return [json.loads((ROOT / "docs" / "openapi.json").read_text())["info"]["version"]]


def command_line() -> list[str]:
    return CliRunner().invoke(command, ["--version"]).output.split()[1:]


@pytest.mark.parametrize("place", [chart, image, image_that_the_chart_pulls, openapi, command_line])
def test_it_is_the_same_everywhere(place: object) -> None:
    assert callable(place)
    assert set(place()) == {THERE}


def test_the_wheel_takes_it_from_there() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert "version" not in project["project"]
    told = subprocess.run(
        [sys.executable, "-m", "hatchling", "metadata", "version"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == THERE
