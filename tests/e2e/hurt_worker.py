"""A worker of ours that is hurt from within as soon as it is ready: no stranger can do it from without.

`python -m tests.e2e.hurt_worker deaf|slow|childless QUEUE`
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from celery import signals

from im.queue.tasks import Task
from workers.main import app


def hurt(how: str, queue: str, consumer: Any) -> None:
    if how == "deaf":  # what a lost subscription looks like
        consumer.cancel_task_queue(queue)
    elif how == "childless":
        children = consumer.pool.info["processes"]
        consumer.pool.shrink(1)
        for child in children:  # so young a child does not hear the SIGTERM of shrink yet
            os.kill(child, signal.SIGKILL)


def main(how: str, queue: str) -> None:
    if how == "slow":  # it takes one, and then waits for an hour
        app.conf.task_annotations = {Task.GC.value: {"rate_limit": "1/h"}}

    def ready(sender: Any, **_: object) -> None:
        hurt(how, queue, sender)

    signals.worker_ready.connect(ready, weak=False)
    app.start(["--quiet", "worker", "-Q", queue, "-c", "1"])


if __name__ == "__main__":
    main(*sys.argv[1:])
