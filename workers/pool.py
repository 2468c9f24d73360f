"""Which of Celery's pools a worker may have: those in which every part of ours is known to work."""

from __future__ import annotations

from typing import Any

_SAFE = {"celery.concurrency.prefork": True, "celery.concurrency.thread": False, "celery.concurrency.solo": False}
"""Of each, whether its tasks run in children of the worker's main process."""


class Refused(SystemExit):
    """Ends the worker at its start; printed by Python as it is."""


def forks(pool: Any) -> bool:
    """Do tasks run in children? `pool` is Celery's class, or its name. Raises Refused for a pool of another kind."""
    from celery import concurrency

    kind = concurrency.get_implementation(pool).__module__
    if kind not in _SAFE:
        raise Refused(
            f"this worker was not started: with the pool {kind.rpartition('.')[2]} one slow statement in Postgres holds up "
            "every deadline, because the driver does not yield to other greenlets\n  -> use --pool prefork, threads or solo"
        )
    return _SAFE[kind]
