"""docker-compose.yml, as far as it can be judged without a container engine: who is watched over, and by what."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from im.cli.main import im
from im.services.diagnose import diagnose
from im.settings import Settings

SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((Path(__file__).parents[2] / "docker-compose.yml").read_text())[
    "services"
]
ONCE = {"migrate", "im"}
"""They do one thing and end."""
OURS = {
    name: one["healthcheck"]["test"]
    for name, one in SERVICES.items()
    if one.get("healthcheck", {}).get("test", [])[:2] == ["CMD", "im"]
}


def test_whoever_stays_is_watched_over() -> None:
    assert {name for name, one in SERVICES.items() if "healthcheck" not in one} == ONCE


def test_ticks_and_workers_are_judged_by_doctor() -> None:
    assert OURS == {
        "worker": ["CMD", "im", "doctor", "--only", "here"],
        "deadlines": ["CMD", "im", "doctor", "--only", "here"],
        "beat": ["CMD", "im", "doctor", "--only", "beat"],
    }


@pytest.mark.parametrize("service", OURS)
def test_what_is_asked_there_can_be_asked(service: str) -> None:
    _, _, command, option, kind = OURS[service]
    doctor = im.get_command(click.Context(im), command)
    assert doctor is not None
    assert any(option in param.opts for param in doctor.get_params(click.Context(im)))
    # nothing is there, so it fails; that it is no kind of check would be refused
    assert [check.ok for check in diagnose(Settings(), kind)] == [False]
