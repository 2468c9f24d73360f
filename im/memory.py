"""Free memory is given back to the system: what one long answer needed would else be held for as long as the process lives."""

from __future__ import annotations

import ctypes


def give_back() -> bool:
    """Have the C library return what it keeps for later; False where it is not glibc, whose malloc alone keeps so much."""
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError):
        return False
    trim(0)
    return True
