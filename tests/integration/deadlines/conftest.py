from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.deadlines.receivers import Web, web
from tests.integration.deadlines.two_servers import copies, first, opened, original

__all__ = ["copies", "first", "hook", "opened", "original"]


@pytest.fixture
def hook() -> Iterator[Web]:
    with web() as receiver:
        yield receiver
