"""A deadline that is kept ahead of a program while that lives."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import timedelta

from im.domain.errors import ImError

PARTS = 3


class Keeping:
    """Each third of `span` another third is added, so that whoever dies leaves a machine for a `span` at most.

    What fails is logged and tried again a third later; two such failures in a row are needed before a deadline comes.
    `wait` answers whether to end, after so many seconds: a test's to replace.
    """

    def __init__(self, extend: Callable[[timedelta], None], span: timedelta) -> None:
        self._extend, self._part = extend, span / PARTS
        self._over = threading.Event()
        self.wait: Callable[[float], bool] = self._over.wait
        self._thread = threading.Thread(target=self._run, name="im-keeping", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Returns when no extend is on its way any more, so that none comes after the end."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self.wait(self._part.total_seconds()):
            try:
                self._extend(self._part)
            except ImError as exc:
                logging.getLogger("im.client").warning("the deadline was not moved: %s", exc.message)
