"""Of the broker and the workers: what takes a second or two to ask, so that no scrape waits for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from threading import Lock, Thread
from time import monotonic
from typing import TYPE_CHECKING

from im.domain.errors import ImError
from im.services.health.workers import Workers, workers

if TYPE_CHECKING:
    from prometheus_client.core import GaugeMetricFamily

    from im.context import Context

_FRESH, _OLD = 10.0, 60.0
"""Seconds after which it is asked again, and after which nothing is told rather than what was."""
STATES = ("busy", "idle", "childless")


class Broker:
    """Asked in a thread of its own; until it has answered for the first time, who asks waits `patience` seconds."""

    def __init__(self, ctx: Context, patience: float) -> None:
        self._ctx = ctx
        self._patience = patience
        self._lock = Lock()
        self._asking: Future[None] | None = None
        self._seen: Workers | None = None
        self._asked_at = self._seen_at = float("-inf")

    def families(self, gauge: Callable[..., GaugeMetricFamily]) -> Iterator[GaugeMetricFamily]:
        """Without a number where the broker does not answer: nobody knows, and 0 would be a lie."""
        found = self._look()
        queued = gauge("queue_messages", "Doorbells that wait; absent while the broker is away.", "queue")
        alive = gauge("workers", "Workers that answer; absent while the broker is away.", "state")
        if found is not None:
            for queue, count in found.waiting.items():
                queued.add_metric([queue], count)
            states = Counter(
                "childless" if one.childless else "busy" if one.busy else "idle" for one in found.alive.values()
            )
            for state in STATES:
                alive.add_metric([state], states[state])
        yield from (queued, alive)

    def _look(self) -> Workers | None:
        with self._lock:
            due = monotonic() - self._asked_at >= _FRESH
            if due and (self._asking is None or self._asking.done()):
                self._asked_at = monotonic()
                self._asking = Future()
                Thread(target=self._ask, args=(self._asking,), name="im-metrics", daemon=True).start()
            asking = self._asking
        if asking is not None and self._seen_at == float("-inf"):
            try:
                asking.result(self._patience)
            except TimeoutError:
                return None
        return self._seen if monotonic() - self._seen_at < _OLD else None

    def _ask(self, asking: Future[None]) -> None:
        try:
            self._seen = workers(self._ctx)
        except (ImError, OSError):
            self._seen = None
        finally:
            self._seen_at = monotonic()
            asking.set_result(None)
