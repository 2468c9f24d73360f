from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.deadlines.receivers import Web, web


@pytest.fixture
def hook() -> Iterator[Web]:
    with web() as receiver:
        yield receiver
