"""P8: doorbells with nothing to do, drained per second, against Celery tasks that do nothing, on the same broker and settings."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from statistics import median

from redis import Redis
from sqlalchemy import text

from im.db import ticks
from im.queue import periods
from im.queue.tasks import REQUESTS, Task
from im.queue.wire import Pushing, message, plain_address
from im.stack.programs import celery, worker_words
from tests.benchmarks.fleet import broker, children, environment, wait_for
from tests.benchmarks.place import Place, place
from tests.benchmarks.row import Row

MESSAGES, PROCESSES = 2_000, 2


def measure(runs: int) -> Iterator[Row]:
    words = worker_words("worker", (REQUESTS,), PROCESSES)
    raw = [sys.executable, "-m", "celery", "--quiet", "-A", "tests.benchmarks.noop", *words]
    with place() as here:
        here.fleet(1_000)
        ids = _ids(here)
        # taken in turn, so that both sides have the same weather
        floor, ours = zip(
            *(
                (_drained(here, raw, "bench.noop", ids), _drained(here, celery(*words), Task.STOP.value, ids))
                for _ in range(runs)
            ),
            strict=True,
        )
    work = f"{MESSAGES:,} doorbells for settled rows, {PROCESSES} processes"
    yield Row("P8", work, "per second", median(ours), median(floor), "a Celery task that does nothing", 0.8, runs, True)


def _ids(here: Place) -> list[str]:
    ctx = here.context()
    with ctx.begin() as connection:
        found = list(connection.execute(text("SELECT id FROM instances")).scalars())
    ctx.dispose()
    return [str(one) for one in found]


def _ticked(here: Place) -> None:
    """As if beat had just ticked: without it each process would sweep the fleet in the middle of the measurement."""
    ctx = here.context()
    with ctx.begin() as connection:
        now = ctx.clock(connection)
        for name, every in (("refresh", periods.REFRESH_EVERY), ("enforce_ttl", periods.ENFORCE_EVERY)):
            ticks.claim(connection, name, every, now)
    ctx.dispose()


def _drained(here: Place, command: Sequence[str], task: str, ids: Sequence[str]) -> float:
    """Messages per second: everything is queued while the worker is warm and idle."""
    with broker() as url, Redis.from_url(url) as hand, children() as start:
        address = plain_address(url)
        assert address is not None
        pushing = Pushing(address)
        start(command, environment(here, url))
        for count in (100, MESSAGES):  # the first hundred open what a process opens once
            _ticked(here)
            messages = [message(task, [[ids[n % len(ids)]]], REQUESTS) for n in range(count)]
            began = time.perf_counter()
            for first in range(0, count, 500):
                pushing.push(REQUESTS, messages[first : first + 500])
            wait_for(lambda: hand.llen(REQUESTS) + hand.hlen("unacked") == 0, 120, "the worker")
            took = time.perf_counter() - began
        pushing.close()
    return MESSAGES / took
