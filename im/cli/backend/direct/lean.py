"""SQLAlchemy, without the `importlib.metadata` that it loads beside itself."""

from __future__ import annotations

import sys
import threading
from importlib import import_module
from types import ModuleType
from typing import Any

BESIDE = "importlib.metadata"
"""It finds dialects of others, and brings email and archives with it: a fortieth of the time of a command that changes rows."""


class _Later(ModuleType):
    """Stands for a module where that was imported, and imports it as soon as anything of it is asked for."""

    def __getattr__(self, name: str) -> Any:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(import_module(self.__name__), name)


def load() -> None:
    """Import SQLAlchemy; what is BESIDE it comes with its first use. Nobody else who imports that may get less than all of it, so
    a process with several threads has to do without."""
    if "sqlalchemy" in sys.modules or BESIDE in sys.modules or threading.active_count() > 1:
        return
    standing_in = sys.modules[BESIDE] = _Later(BESIDE)
    try:
        import sqlalchemy  # noqa: F401 - to have it loaded
    finally:
        if sys.modules.get(BESIDE) is standing_in:
            del sys.modules[BESIDE]
