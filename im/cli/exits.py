"""What the exit code of every command means: one table, from our errors and from the cloud's codes."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType

from im.domain.errors import (
    ImError,
    NoCapacity,
    NoSuchInstance,
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
        NoSuchInstance: Exit.NOT_FOUND,
        Unauthorized: Exit.AUTH,
        WaitTimedOut: Exit.TIMED_OUT,
        OverLimit: Exit.LIMIT,
        NoCapacity: Exit.CAPACITY,
        Superseded: Exit.SUPERSEDED,
        Interrupted: Exit.INTERRUPTED,
    }
)

_BY_CLOUD_CODE: Mapping[str, type[ImError]] = MappingProxyType(
    {
        "no_capacity": NoCapacity,
        "throttled": NoCapacity,
        "taken_back": NoCapacity,
        "quota_exceeded": OverLimit,
        "forbidden": Unauthorized,
        "unauthenticated": Unauthorized,
        "invalid_spec": Refused,
        "unsupported": Refused,
        "rejected": Refused,
        "wrong_state": Refused,
        "not_found": NoSuchInstance,
        "foreign": Refused,
        "taken": Refused,
        "controlled": Refused,
        "adoption_off": OverLimit,
    }
)


def exit_of(error: ImError) -> Exit:
    """The exit code of one of our errors."""
    return _BY_ERROR.get(type(error), Exit.FAILURE)


def error_for(cloud_code: str | None) -> type[ImError]:
    """The error that a cloud's code (im.providers.errors) amounts to for the person who asked."""
    return _BY_CLOUD_CODE.get(cloud_code or "", ImError)
