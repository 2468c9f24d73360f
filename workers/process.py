"""What one worker process owns: its context, opened on first use because connections do not survive a fork, and its sweeper."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from time import monotonic

from im.context import Context, open_context
from im.logs import log
from im.queue.periods import REFRESH_EVERY
from im.scope_threads import Threaded
from im.services.health import counters
from im.services.refresh.sweep import EVERY, Sweep
from im.settings import Settings


class ContextOfProcess:
    """Call it for this process's own context; a child made by a fork gets a new one."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.name = ""
        """Of the worker, as Celery and `im doctor` call it; empty: its machine's."""
        self._lock = threading.Lock()  # a pool of threads and a sweeper may all come first
        self._pid = 0
        self._context: Context | None = None

    def __call__(self) -> Context:
        with self._lock:
            if self._context is None or self._pid != os.getpid():
                opened = open_context(self._settings)
                self._context = replace(opened, lanes=Threaded(), worker=self.name or opened.worker)
                self._pid = os.getpid()
            return self._context

    def finish(self, within: float) -> None:
        """Before this process ends: wait at most so many seconds for the clouds' answers that are still to come."""
        if self._context is not None and self._pid == os.getpid():
            self._context.lanes.finish(within)
            counters.fold_or_log(self._context)


class Sweeper(threading.Thread):
    """Looks at the ticks every few seconds, in each process that works; needs neither broker nor beat nor Celery's consumer."""

    def __init__(self, context: ContextOfProcess) -> None:
        super().__init__(name="im-sweeper", daemon=True)
        self._context = context
        self._folded_at = monotonic()

    def _fold_when_due(self) -> None:
        """Once in each tick's period, beside the work of the tick itself."""
        if monotonic() - self._folded_at >= REFRESH_EVERY:
            self._folded_at = monotonic()
            counters.fold_or_log(self._context())

    def run(self) -> None:
        # the first look at once: a worker that is ended and started again every few seconds sweeps all the same
        sweep, pause = Sweep(), 0.0
        alarm = threading.Event()
        while not alarm.wait(pause):
            try:
                pause = sweep.look(self._context())
                self._fold_when_due()
            except Exception as exc:
                # the database may be away; the next look may find it back
                log.error("the sweep could not look", error=f"{type(exc).__name__}: {exc}")
                pause = EVERY


class Sweepers:
    """Starts this process's sweeper, once, whichever signal comes first: a pool alone knows in which processes it works."""

    def __init__(self, context: ContextOfProcess) -> None:
        self._context = context
        self._pid = 0

    def start(self) -> None:
        if self._pid != os.getpid():
            self._pid = os.getpid()
            Sweeper(self._context).start()
