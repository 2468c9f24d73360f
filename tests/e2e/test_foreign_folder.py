"""Started in a folder that somebody else can write to, `im` runs nothing that lies there: its processes hold the cloud's keys."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import redis

from im.queue.tasks import WATCH
from im.stack import probes
from im.stack.layout import free_port
from tests.e2e.conftest import IM, StackUnderTest, ran_there
from tests.e2e.test_stack_fleet import Attended
from tests.e2e.test_stack_life import eventually


@pytest.mark.parametrize("words", ["worker -c 1", "service -c 1", "beat", "flower --port PORT", "web"])
def test_nothing_of_the_current_folder_is_run(words: str, stack: StackUnderTest, foreign: Path) -> None:
    port = str(free_port())
    own = stack.broker_url.rsplit("/", 1)[0] + "/5"  # a queue that nobody else takes from
    started = Attended(
        stack, *words.replace("PORT", port).split(), im=[IM], folder=foreign, broker=own, IM_WEB_PORT=port
    )
    with redis.Redis.from_url(own) as broker:
        works: dict[str, Callable[[], bool]] = {
            "worker": lambda: started.said("ready."),
            "service": lambda: started.said("ready."),
            "beat": lambda: bool(broker.llen(WATCH)),
            "flower": lambda: probes.http_answers(f"http://127.0.0.1:{port}/healthcheck"),
            "web": lambda: probes.http_answers(f"http://127.0.0.1:{port}/healthz"),
        }
        try:
            assert eventually(works[words.split()[0]], 60), started.lines
            assert ran_there(foreign) == ""
        finally:
            started.close()
            broker.flushdb()
