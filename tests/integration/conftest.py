"""What these tests share: a person's key and log, and EC2's stand-in behind a world."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.serving import Serving
from tests.integration.typed import KEY
from tests.pooler import PROGRAM
from tests.standin.server import StandIn
from tests.standin_world import Near
from tests.world import START, World

# Debian has it and pip has not; the gate installs it
collect_ignore = [] if PROGRAM else ["db/test_pooler.py"]


@pytest.fixture
def key(tmp_path: Path) -> str:
    """The path of a public key."""
    file = tmp_path / "id.pub"
    file.write_text(KEY)
    return str(file)


@pytest.fixture(scope="session")
def ec2() -> Iterator[StandIn]:
    """Emptied by each world that is opened on it."""
    with StandIn(start=START.timestamp()) as running:
        yield running


@pytest.fixture(scope="session")
def clients(ec2: StandIn) -> Near:
    """Made once, because making them takes longer than a test."""
    return Near(ec2.url)


_SERVING: list[Serving] = []


@pytest.fixture
def served(world: World) -> Serving:
    """The API before the world: commands ask it from now on."""
    if not _SERVING:
        _SERVING.append(Serving(world))
    world.place = _SERVING[0].before(world)
    return _SERVING[0]


@pytest.fixture(params=["direct", "api"])
def way(request: pytest.FixtureRequest) -> str:
    """By which way the commands of a test go; with `usefixtures`, every test of a file goes both, `sampled` one in each run."""
    if request.param == "api":
        request.getfixturevalue("served")
    return str(request.param)


def pytest_sessionfinish() -> None:
    while _SERVING:
        _SERVING.pop().close()
