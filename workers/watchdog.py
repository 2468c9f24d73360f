"""A worker that is alive but takes nothing, while messages wait for it, ends itself: whoever supervises it starts it again.

Seen in the field after a broker was replaced: the process answers pings, its connection looks well, and its queues grow. Nobody
can wake such a consumer from outside, so it has to notice by itself.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from im.logs import log

if TYPE_CHECKING:
    from celery import Celery

LAST_WORD = 20.0
"""Seconds between the polite end and the certain one."""


@dataclass(slots=True)
class Silence:
    """How long nothing was taken although something waited and nothing was being done. All times in seconds of one clock."""

    patience: float
    taken_at: float
    since: float | None = None

    def judge(self, now: float, *, waiting: int, busy: int) -> bool:
        """Is it time to end? Call it every so often with what waits in the queues and how many tasks are under way."""
        if waiting == 0 or busy or (self.since is not None and self.taken_at > self.since):
            self.since = now if waiting and not busy else None
            return False
        if self.since is None:
            self.since = now
        return now - self.since >= self.patience


class Watchdog(threading.Thread):
    """Runs in the worker's main process, beside the consumer that it watches."""

    def __init__(
        self, app: Celery, queues: Sequence[str], patience: float, end: Callable[[], None] | None = None
    ) -> None:
        super().__init__(name="im-watchdog", daemon=True)
        self._app, self._queues = app, list(queues)
        self._silence = Silence(patience, time.monotonic())
        self._every = min(15.0, patience / 4)
        self._end = end or _end_this_process

    def taken(self, **_: Any) -> None:
        """A task arrived (a signal's receiver)."""
        self._silence.taken_at = time.monotonic()

    def run(self) -> None:
        from celery.worker import state

        while True:
            time.sleep(self._every)
            try:
                waiting = self._waiting()
            except Exception as exc:  # a broker that is away is no fault of this worker's
                log.debug("the watchdog could not ask the broker", error=type(exc).__name__)
                self._silence.since = None
                continue
            if self._silence.judge(time.monotonic(), waiting=waiting, busy=len(state.active_requests)):
                log.error("messages wait and none is taken: this worker ends, to be started again", waiting=waiting)
                self._end()
                return

    def _waiting(self) -> int:
        with self._app.connection_for_read() as connection:
            channel: Any = connection.default_channel
            return sum(int(channel.client.llen(queue)) for queue in self._queues)


def _end_this_process() -> None:
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(LAST_WORD)
    os._exit(os.EX_SOFTWARE)
