"""A worker process that sends what is due, once: `python -m tests.integration.webhooks.send_once DATABASE MOMENT`."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import datetime

from im.domain.config.webhook import WebhookSettings
from im.domain.webhook.target import read_networks
from im.services.webhooks.send import send
from tests.world import World

if __name__ == "__main__":
    database_url, moment = sys.argv[1:]
    world = World(database_url)
    world.now = datetime.fromisoformat(moment)
    world.ctx = replace(
        world.ctx,
        settings=replace(world.ctx.settings, parts=(WebhookSettings(read_networks("127.0.0.1")),)),
    )
    print(send(world.ctx))
