"""What one worker process owns: its context, opened on first use, because connections do not survive a fork."""

from __future__ import annotations

import os

from im.context import Context, open_context
from im.settings import Settings


class ContextOfProcess:
    """Call it for this process's own context; a child made by a fork gets a new one."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._pid = 0
        self._context: Context | None = None

    def __call__(self) -> Context:
        if self._context is None or self._pid != os.getpid():
            self._context, self._pid = open_context(self._settings), os.getpid()
        return self._context
