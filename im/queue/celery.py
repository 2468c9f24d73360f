"""The doorbell. A message is a task name and instance ids; it carries no authority and may be lost, doubled or late.

The row is written and committed first; then somebody rings. What a worker does follows from the rows it finds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from im.queue.tasks import DEADLINES, DOORBELLS_PER_MESSAGE, REQUESTS, ROUTES, WATCH, Task

if TYPE_CHECKING:
    from celery import Celery

    from im.queue.wire import Pushing
    from im.settings import Settings


QUEUES = (REQUESTS, DEADLINES, WATCH)


def broker_settings(settings: Settings) -> dict[str, Any]:
    """Celery's configuration of the wire, the same for those who ring and those who answer. Raises Refused for a useless URL."""
    from kombu import Exchange, Queue

    from im.broker import trusting_nobody

    return {
        "broker_url": trusting_nobody(settings.broker_url),
        "broker_transport_options": {
            # above the hard time limit, below which a live task would be delivered twice (kombu#337)
            "visibility_timeout": 300,
            # the default restores a killed worker's messages after minutes; these make it seconds (celery#6229, kombu#2558)
            "unacked_restore_interval": 5,
            "unacked_restore_throttle": 1,
            # the default is no time-out at all: a frozen broker would hang the publisher for ever
            "socket_timeout": 5,
            "socket_connect_timeout": 3,
            "health_check_interval": 10,
        },
        "broker_pool_acquire_timeout": 5,
        "task_serializer": "json",
        "accept_content": ["json"],
        "result_serializer": "json",
        "task_ignore_result": True,
        "result_backend": None,
        "task_default_queue": REQUESTS,
        # declared, so that a worker that is told of none takes from all; one that is told of another is refused
        "task_queues": [Queue(name, Exchange(name), routing_key=name) for name in QUEUES],
        "task_create_missing_queues": False,
        "task_routes": {task.value: {"queue": queue} for task, queue in ROUTES.items()},
        "task_publish_retry": True,
        "task_publish_retry_policy": {"max_retries": 1, "interval_start": 0.2, "interval_max": 0.2},
        "enable_utc": True,
    }


class CeleryQueue:
    """The real doorbell: a Celery message, pushed by `im.queue.wire`; where the broker's URL asks for more, by Celery itself."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._app: Celery | None = None
        self._pushing: Pushing | None = None

    def check(self) -> None:
        """Raises Refused when no doorbell can ever be rung as this is configured; to be asked before anything is stored."""
        from im.broker import check  # a look rings for nothing

        check(self._settings.broker_url)

    def ring(
        self, task: Task, ids: Sequence[str] = (), *, label: str = "", after: float = 0, to: str | None = None
    ) -> bool:
        if not self._settings.broker_url:
            return False  # Celery's own default would be an AMQP server on this machine
        starts = range(0, max(1, len(ids)), DOORBELLS_PER_MESSAGE)
        chunks = [list(ids[start : start + DOORBELLS_PER_MESSAGE]) for start in starts]
        try:
            self._send(task, chunks, label, after, to)
        except Exception as exc:  # a library's fault is no more than a doorbell that was not heard
            from im.logs import log

            log.warning("doorbell not taken; the next tick rings again", task=task.value, error=type(exc).__name__)
            return False
        return True

    def _send(self, task: Task, chunks: Sequence[list[str]], label: str, after: float, to: str | None) -> None:
        from im.queue.wire import Pushing, message, plain_address

        if self._pushing is None:
            address = plain_address(self._settings.broker_url)
            if address is None:
                self._publish(task, chunks, label, after, to)
                return
            self._pushing = Pushing(address)
        queue = to or ROUTES[task]
        self._pushing.push(
            queue, [message(task.value, [c] if c else [], queue, label=label, after=after) for c in chunks]
        )

    def close(self) -> None:
        if self._pushing is not None:
            self._pushing.close()

    def _publish(self, task: Task, chunks: Sequence[list[str]], label: str, after: float, to: str | None) -> None:
        options: dict[str, Any] = {"ignore_result": True, "retry": True}
        if after > 0:
            options["countdown"] = after
        if label:
            options["argsrepr"] = label
        if to:
            options["queue"] = to
        for chunk in chunks:
            self._celery().send_task(task.value, args=[chunk] if chunk else [], **options)

    def _celery(self) -> Celery:
        if self._app is None:
            self._app = _app(self._settings)
        return self._app


def _app(settings: Settings) -> Celery:
    from celery import Celery

    app = Celery("im", set_as_current=False)
    app.conf.update(broker_settings(settings))
    return app
