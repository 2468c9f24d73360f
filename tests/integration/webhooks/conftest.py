from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from im.domain.config.webhook import WebhookSettings
from im.domain.webhook.target import read_networks
from tests.integration.webhooks.receiver import Receiver, receiving
from tests.world import World


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


@pytest.fixture
def world(world: World) -> World:
    """Its deployment lets webhooks go to this machine."""
    settings = replace(world.ctx.settings, parts=(WebhookSettings(read_networks("127.0.0.1")),))
    world.ctx = replace(world.ctx, settings=settings)
    return world
