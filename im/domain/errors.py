"""What can go wrong, said so that a person can act.

Every error carries what happened and why (`message`) and what to type next (`hint`, may be empty).

    ImError
    ├── Refused         the request itself cannot be done: bad input, or the state forbids it
    │   ├── NameTaken       a living instance has that name
    │   ├── MachineTaken    a living instance has that machine
    │   └── ViewTaken       one has a view of that name already
    ├── NotFound        nothing by that name
    │   ├── NoSuchInstance
    │   ├── NoSuchUser
    │   ├── NoSuchToken
    │   ├── NoSuchSession
    │   ├── NoSuchWebhook
    │   └── NoSuchView
    ├── NotSignedIn     im does not know who asks
    ├── Unauthorized    the cloud does not accept who we are or what we may do
    ├── Denied          im does not let this person do that
    ├── OverLimit       a quota or a policy says no
    ├── NoCapacity      the cloud has none to give, or asks us to slow down
    ├── WaitTimedOut    the work goes on, the waiting does not
    ├── Superseded      a later request changed the goal
    └── Unavailable     a service of ours (database, broker, local stack) cannot be reached or is not ready
        └── Uncertain   it went away at the very end: what was being written may be stored or not
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import ClassVar


class ImError(Exception):
    """A failure with its reason and the next thing to type."""

    code: ClassVar[str] = "failed"

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def near(word: str, known: Iterable[str], n: int = 1, cutoff: float = 0.6) -> list[str]:
    """Those of `known` that `word` may have been meant for, the nearest first and at most `n`: for a hint."""
    from difflib import get_close_matches  # who types it right does not wait for that

    return get_close_matches(word, list(known), n, cutoff)


class Refused(ImError):
    code = "refused"


class NameTaken(Refused):
    pass


class MachineTaken(Refused):
    pass


class ViewTaken(Refused):
    pass


class NotFound(ImError):
    code = "not_found"


class NoSuchInstance(NotFound):
    pass


class NoSuchUser(NotFound):
    pass


class NoSuchToken(NotFound):
    pass


class NoSuchSession(NotFound):
    pass


class NoSuchWebhook(NotFound):
    pass


class NoSuchView(NotFound):
    pass


class NotSignedIn(ImError):
    code = "not_signed_in"


class Unauthorized(ImError):
    code = "unauthorized"


class Denied(ImError):
    code = "denied"


class OverLimit(ImError):
    code = "over_limit"


class NoCapacity(ImError):
    code = "no_capacity"


class WaitTimedOut(ImError):
    code = "wait_timed_out"


class Superseded(ImError):
    code = "superseded"


class Unavailable(ImError):
    code = "unavailable"


class Uncertain(Unavailable):
    code = "uncertain"


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
        "label_changed": Refused,
        "rejected": Refused,
        "wrong_state": Refused,
        "not_found": NoSuchInstance,
        "foreign": Refused,
        "taken": Refused,
        "controlled": Refused,
        "adoption_off": OverLimit,
    }
)


def error_for(cloud_code: str | None) -> type[ImError]:
    """The error that a cloud's code (im.providers.errors) amounts to for the person who asked."""
    return _BY_CLOUD_CODE.get(cloud_code or "", ImError)
