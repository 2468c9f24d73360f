"""What ticks, and how often: pure data, read by Celery beat.

A tick is only a doorbell. Which slot of time it stands for is claimed in the database by its clock, so two beats do no harm.
"""

from __future__ import annotations

from typing import Any

from im.queue.periods import ENFORCE_EVERY, REFRESH_EVERY
from im.queue.tasks import Task

BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "refresh": {
        "task": Task.REFRESH.value,
        "schedule": REFRESH_EVERY,
        # a tick that waited longer than this is worth less than the next; ten periods, because the worker's clock judges it
        "options": {"expires": 10 * REFRESH_EVERY},
    },
    "enforce-ttl": {
        "task": Task.ENFORCE_TTL.value,
        "schedule": ENFORCE_EVERY,
        "options": {"expires": 10 * ENFORCE_EVERY},
    },
}
