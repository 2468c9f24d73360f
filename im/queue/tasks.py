"""The doorbell: tasks, their queues, and who is rung for what. A message carries no authority and may be lost, doubled or late."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from im.domain.state import Desired, Observed

if TYPE_CHECKING:
    from im.domain.instance import Instance


class Task(StrEnum):
    CREATE = "im.create"
    ADOPT = "im.adopt"
    EXTEND = "im.extend"
    START = "im.start"
    STOP = "im.stop"
    TERMINATE = "im.terminate"
    PROTECT = "im.protect"
    REFRESH = "im.refresh"
    REFRESH_SCOPE = "im.refresh_scope"
    ENFORCE_TTL = "im.enforce_ttl"
    PRICES = "im.prices"
    GC = "im.gc"
    NOTIFY = "im.notify"
    WEBHOOK = "im.webhook"
    GUARD = "im.guard"
    PRUNE = "im.prune"


REQUESTS, DEADLINES, WATCH = "im.requests", "im.deadlines", "im.watch"


ROUTES = {
    Task.CREATE: REQUESTS,
    Task.ADOPT: REQUESTS,
    Task.EXTEND: REQUESTS,
    Task.START: REQUESTS,
    Task.STOP: REQUESTS,
    Task.TERMINATE: REQUESTS,
    Task.PROTECT: REQUESTS,
    Task.REFRESH: WATCH,
    Task.REFRESH_SCOPE: WATCH,
    Task.ENFORCE_TTL: DEADLINES,
    Task.PRICES: WATCH,
    Task.GC: WATCH,
    Task.NOTIFY: WATCH,
    Task.WEBHOOK: WATCH,
    Task.GUARD: REQUESTS,
    Task.PRUNE: WATCH,
}
"""Deadlines have a queue of their own, so that no crowd of requests or listings stands before them."""


DOORBELLS_PER_MESSAGE = 500
"""Ids in one message at most; a message is a hint, and the worker claims siblings by itself."""


def doorbell_for(row: Instance) -> Task:
    """The task whose name says best, in Flower, what an unsettled row waits for."""
    if row.desired is Desired.TERMINATED:
        return Task.TERMINATE
    if row.desired is Desired.STOPPED:
        return Task.STOP
    if row.being_adopted:
        return Task.ADOPT
    return Task.CREATE if row.observed in (Observed.NONE, Observed.PENDING) else Task.START


class Queue(Protocol):
    def ring(
        self, task: Task, ids: Sequence[str] = (), *, label: str = "", after: float = 0, to: str | None = None
    ) -> bool:
        """Send a doorbell, `after` seconds from now, to the task's own queue or to `to`; `label` is for Flower's eyes only.

        False when the broker did not take it for certain; it may be queued all the same, and the next tick rings again.
        Raises nothing: what it is rung for is stored, and an exception would read as if it were not.
        """
        ...
