"""How a cloud says no, in eleven words.

Each provider maps its own codes onto these once, `raise … from exc`; nothing above knows a cloud's codes.

    ProviderError               `code` (one word, stored and shown) · message · retry_after
    ├── Transient               try the same again later
    │   ├── Throttled           asked too often; definitely not done
    │   ├── Unavailable         the cloud is ill; definitely not done
    │   └── Ambiguous           no answer, or half of one: it may have been done, or be done yet
    ├── NoCapacity              none of this type in this zone now; definitely not done
    ├── Rejected                the same request will be refused again; definitely not done
    │   ├── InvalidSpec         no such type, image, zone, key …
    │   │   ├── NotOffered      not this type in this zone, ever; another zone may have it
    │   │   └── NotThereYet     names what may just have been made elsewhere; a few retries
    │   ├── QuotaExceeded
    │   ├── Forbidden           known, but not allowed
    │   ├── Unauthenticated     not known
    │   │   └── NotInstalled    this worker lacks what the cloud's sign-in needs; `install` says what to type
    │   ├── WrongState          not now: the machine is in transition; look again
    │   │   └── Interrupted     a spot machine that the cloud took back, and alone can start again
    │   └── Unsupported         never for this machine (one-time spot cannot stop …)
    │       └── LabelChanged    it is none of ours any more, by its name or label
    ├── NotFound                the machine, as far as this answer knows
    └── Unknown                 a code we have no word for; bounded retries
"""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from im.domain.orphan import LABEL_CHANGED


class ProviderError(Exception):
    """A refusal or failure of the cloud. The message is safe to store and to show: it carries no credentials."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after = retry_after


class Transient(ProviderError):
    code = "transient"


class Throttled(Transient):
    code = "throttled"


class Unavailable(Transient):
    code = "unavailable"


class Ambiguous(Transient):
    code = "ambiguous"


class NoCapacity(ProviderError):
    code = "no_capacity"


class Rejected(ProviderError):
    code = "rejected"


class InvalidSpec(Rejected):
    code = "invalid_spec"


class NotOffered(InvalidSpec):
    """For people the same as InvalidSpec; for a launch with other places to try, a reason to try them."""


class NotThereYet(InvalidSpec):
    """For people the same as InvalidSpec, once it has been refused for longer than news takes to get around in the cloud."""


class QuotaExceeded(Rejected):
    code = "quota_exceeded"


class Forbidden(Rejected):
    code = "forbidden"


class Unauthenticated(Rejected):
    code = "unauthenticated"


class NotInstalled(Unauthenticated):
    """Of the worker that asked, as its base says: another one may have what this one lacks."""

    def __init__(self, message: str, install: str) -> None:
        super().__init__(message)
        self.install = install


class WrongState(Rejected):
    code = "wrong_state"


class Interrupted(WrongState):
    code = "taken_back"


class Unsupported(Rejected):
    code = "unsupported"


class LabelChanged(Unsupported):
    code = LABEL_CHANGED


class NotFound(ProviderError):
    code = "not_found"


class Unknown(ProviderError):
    code = "unknown"


class NotStarted(Unknown):
    """Accepted, and nothing came of it."""

    code = "did_not_start"


_BY_CODE = {one.code: one for one in (NoCapacity, QuotaExceeded, InvalidSpec, Forbidden, Unsupported, NotStarted)}


def by_code(code: str) -> type[ProviderError]:
    """The error for a word that a sighting gave as the cause; Unknown for one that we do not have."""
    return _BY_CODE.get(code, Unknown)
