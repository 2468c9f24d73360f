"""What these tests share: a person's key and log, and EC2's stand-in behind a world."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.typed import KEY
from tests.pooler import PROGRAM
from tests.standin.server import StandIn
from tests.standin_world import Near
from tests.world import START

# Debian has it and pip has not; the gate installs it
collect_ignore = [] if PROGRAM else ["db/test_pooler.py"]


@pytest.fixture
def key(tmp_path: Path) -> str:
    """The path of a public key."""
    file = tmp_path / "id.pub"
    file.write_text(KEY)
    return str(file)


@pytest.fixture(scope="module")
def ec2() -> Iterator[StandIn]:
    """Emptied by each world that is opened on it."""
    with StandIn(start=START.timestamp()) as running:
        yield running


@pytest.fixture(scope="module")
def clients(ec2: StandIn) -> Near:
    """Made once, because making them takes longer than a test."""
    return Near(ec2.url)
