"""What the exit code of every command means: one table, from our errors (which a cloud's codes amount to)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType

from im.domain.errors import (
    Denied,
    ImError,
    NoCapacity,
    NotFound,
    NotSignedIn,
    OverLimit,
    Refused,
    Superseded,
    Unauthorized,
    WaitTimedOut,
)


class Exit(IntEnum):
    OK = 0
    FAILURE = 1
    USAGE = 2
    """Typed wrongly, or refused because the state forbids it."""
    NOT_FOUND = 3
    AUTH = 4
    TIMED_OUT = 5
    """The waiting ended; the work goes on."""
    LIMIT = 6
    """A quota or a policy."""
    CAPACITY = 7
    """The cloud has none to give, or asks us to slow down."""
    SUPERSEDED = 8
    INTERRUPTED = 130


class Interrupted(ImError):
    """Ctrl-C while waiting: what was asked for is stored and goes on."""

    code = "interrupted"


class Ended(Exception):
    """How a stored request has ended, where that is not well: it was waited for, and `error` is the answer."""

    def __init__(self, error: ImError) -> None:
        super().__init__(error.message)
        self.error = error


_BY_ERROR: Mapping[type[ImError], Exit] = MappingProxyType(
    {
        Refused: Exit.USAGE,
        NotFound: Exit.NOT_FOUND,
        NotSignedIn: Exit.AUTH,
        Unauthorized: Exit.AUTH,
        Denied: Exit.AUTH,
        WaitTimedOut: Exit.TIMED_OUT,
        OverLimit: Exit.LIMIT,
        NoCapacity: Exit.CAPACITY,
        Superseded: Exit.SUPERSEDED,
        Interrupted: Exit.INTERRUPTED,
    }
)


def exit_of(error: ImError) -> Exit:
    """The exit code of one of our errors."""
    return next((_BY_ERROR[kind] for kind in type(error).__mro__ if kind in _BY_ERROR), Exit.FAILURE)
