"""A worker process that sends what is due, once: `python -m tests.integration.deadlines.notify_once DATABASE MOMENT WEBHOOK`."""

from __future__ import annotations

import sys
from datetime import datetime

from im.services.deadlines.notices import notify
from tests.world import World

if __name__ == "__main__":
    database_url, moment, webhook = sys.argv[1:]
    world = World(database_url)
    world.now = datetime.fromisoformat(moment)
    print(notify(world.another_worker(notice_webhook=webhook)))
