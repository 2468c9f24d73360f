"""The provider runs once for a file, and forgets between two tests what was done to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.web.conftest import Api
from tests.integration.web.oidc import provider as mock
from tests.integration.web.oidc.provider import Provider
from tests.integration.web.oidc.ways import forget, serving
from tests.world import World


@pytest.fixture(scope="module")
def running() -> Iterator[Provider]:
    with mock.provider() as made:
        yield made


@pytest.fixture
def provider(running: Provider) -> Provider:
    forget(running)
    running.knows("sub-ada", email="Ada@Example.com", email_verified=True, name="Ada Lovelace")
    return running


@pytest.fixture
def api(world: World, provider: Provider) -> Iterator[Api]:
    made = serving(world, provider)
    yield made
    made.close()
