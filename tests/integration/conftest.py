"""What tests of the command line share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tests.integration.typed import KEY
from tests.pooler import PROGRAM

# Debian has it and pip has not; the gate installs it
collect_ignore = [] if PROGRAM else ["test_pooler.py"]


@pytest.fixture(autouse=True)
def own_log() -> Iterator[None]:
    """A command decides where its log goes; the next test decides anew."""
    yield
    structlog.reset_defaults()


@pytest.fixture
def key(tmp_path: Path) -> str:
    """The path of a public key."""
    file = tmp_path / "id.pub"
    file.write_text(KEY)
    return str(file)
