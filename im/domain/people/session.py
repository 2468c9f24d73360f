"""Sessions: a browser that is signed in, and the one-use secrets by which one begins.

What the browser holds is 256 random bits, of which SHA-256 is kept, as of tokens. A session ends 12 hours after it was last used
and a week after it began, whatever comes first.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

IDLE = timedelta(hours=12)
"""A session that nobody uses for so long is over."""
LONGEST = timedelta(days=7)
"""And one that is used all the time, after this."""
BYTES = 32
"""Of randomness, in a session's secret and in a link's."""


class How(StrEnum):
    """How its user has proved who they are."""

    TOKEN = "token"  # noqa: S105  # a word, no secret
    """By a token of the API, which the session is bound to: it grants no more, and ends with it."""
    LINK = "link"
    """By a link that somebody with the database's address, or with a token, has made."""
    OIDC = "oidc"
    """By the configured identity provider."""


@dataclass(frozen=True, slots=True)
class Session:
    """One row; the secret is not among it."""

    id: str
    login: str
    how: How
    token: str | None
    """The id of the token that it is bound to."""
    local: bool
    """Whoever it is, they are no user: an admin of a deployment without users, on its own machine."""
    made_at: datetime
    seen_at: datetime
    expires_at: datetime
    """At the latest."""
    revoked_at: datetime | None = None

    def usable(self, now: datetime) -> bool:
        return self.revoked_at is None and now < min(self.expires_at, self.seen_at + IDLE)


@dataclass(frozen=True, slots=True)
class Link:
    """Whom a one-use link signs in."""

    login: str
    token: str | None
    local: bool
    expires_at: datetime


def digest(secret: str) -> str:
    """What is kept of it."""
    return hashlib.sha256(secret.encode()).hexdigest()
