from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.worlds.kubernetes import KubernetesWorld, kubernetes_world


@pytest.fixture
def world(database_url: str) -> Iterator[KubernetesWorld]:
    with kubernetes_world(database_url) as made:
        yield made
