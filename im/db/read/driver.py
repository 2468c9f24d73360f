"""psycopg2, without the `ssl` that it loads beside itself."""

from __future__ import annotations

import sys
import threading
from typing import Any, cast


def load() -> None:
    """Import psycopg2; and Python's `ssl` with it only where something else may be about to need that.

    Its C part imports `ssl` so that an OpenSSL before 1.1 takes its locks from there, and goes on where that cannot be had
    (`libcrypto_threads_init` in psycopgmodule.c). No Python of ours runs on one so old, and `ssl` with what it brings is a
    twentieth of the time of a look.
    """
    if "psycopg2" in sys.modules or "ssl" in sys.modules or threading.active_count() > 1:
        import psycopg2
    else:
        modules = cast("dict[str, Any]", sys.modules)
        modules["ssl"] = None  # whoever imports it now is told that there is none
        try:
            import psycopg2  # noqa: F401 - to have it loaded
        finally:
            del modules["ssl"]
