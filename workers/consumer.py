"""Celery's consumer, which outlives its broker, its library's faults and whatever it is sent.

A worker may have nobody who starts it again, and the deadlines of a whole fleet may hang on it.
"""

# Celery's stubs know little of what is overridden here
# mypy: disable-error-code="misc, attr-defined"

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable
from typing import Any

import redis
from billiard.exceptions import WorkerLostError
from celery.worker.consumer import Consumer as CelerysConsumer

from im.logs import log

PAUSE = 1.0
"""Seconds before the consumer begins anew after a fault that is not the broker's."""


class Consumer(CelerysConsumer):
    """Named in Celery's setting `worker_consumer`."""

    def __init__(self, *args: Any, worker_options: dict[str, Any] | None = None, **kwargs: Any) -> None:
        # gossip and mingle cost connections and add nothing here, whoever starts the worker, with whatever words
        alone = {"without_gossip": True, "without_mingle": True}
        super().__init__(*args, worker_options={**(worker_options or {}), **alone}, **kwargs)

    def start(self) -> None:
        """Until it is told to stop. Raises only what comes before it was ready for the first time: a worker that cannot start."""
        while True:
            try:
                super().start()
                return
            except WorkerLostError:
                raise
            except Exception as exc:
                if self.init_callback is not None:  # is taken away when it becomes ready
                    raise
                log.error("the consumer met a fault, and begins anew", error=type(exc).__name__, exc_info=exc)
                self._leave(exc)
                time.sleep(PAUSE)

    def create_task_handler(self, *args: Any, **kwargs: Any) -> Callable[[Any], None]:
        receive = super().create_task_handler(*args, **kwargs)

        def receive_or_refuse(message: Any) -> None:
            try:
                receive(message)
            except (OSError, redis.exceptions.RedisError):
                raise
            except Exception as exc:
                # raised further it would end this connection, and the message would come back to do so again
                log.error("a message could not be taken, and was refused", error=type(exc).__name__, exc_info=exc)
                if not message.acknowledged:
                    message.reject_log_error(logging.getLogger(__name__), self.connection_errors)

        return receive_or_refuse

    def _leave(self, exc: Exception) -> None:
        """What Celery does after a lost connection, each step on its own: the fault may be in one of them."""
        for step in (
            lambda: self.on_connection_error_after_connected(exc) if self.connection else None,
            self.on_close,
            self._cancel_connection_timer_entries,
            lambda: self.blueprint.restart(self),
        ):
            with contextlib.suppress(Exception):
                step()
