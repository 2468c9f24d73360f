"""Users: people, services and teams, under names of which each is one word and used once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from im.domain.errors import Refused
from im.domain.input.text import check_text

if TYPE_CHECKING:
    from im.domain.access import Role

LOGIN = 64
"""Characters of a login at most; an address of mail has room."""
DISPLAY = 128
SUBJECT = 255
"""Of what an identity provider calls somebody (OpenID Connect Core 1.0, section 2)."""
_LOGIN = re.compile(r"[a-z0-9]([a-z0-9._@+-]*[a-z0-9])?")
_RESERVED = frozenset({"me", "all", "everybody", "nobody", "none", "any"})
"""Words with a meaning of their own where an owner can be typed."""


class UserKind(StrEnum):
    PERSON = "person"
    SERVICE = "service"
    """A program with a name of its own; nobody signs in as it."""
    TEAM = "team"
    """Owns instances for its members; nobody signs in as it, and it has no role."""


@dataclass(frozen=True, slots=True)
class User:
    """One row. `team` is the login of a user of kind TEAM; a team itself has none."""

    login: str
    kind: UserKind
    role: Role
    """Of a team: VIEWER, for it does nothing by itself."""
    team: str | None
    display: str
    made_at: datetime
    made_by: str
    disabled_at: datetime | None = None
    issuer: str | None = None
    """With `subject` the identity that a sign-in proves; never an address of mail, which can change hands."""
    subject: str | None = None

    @property
    def acts(self) -> bool:
        """It can ask for something: a team cannot, and nobody who was disabled."""
        return self.kind is not UserKind.TEAM and self.disabled_at is None


def check_login(login: str) -> str:
    """`login` itself. Raises Refused."""
    hint = "use lower-case letters, digits and . _ @ + - between them: ada, ada@example.com, ml-team"
    check_text(login, "a login", LOGIN, hint)
    if not _LOGIN.fullmatch(login):
        raise Refused(f"'{login}' cannot be a login", hint)
    if login in _RESERVED:
        raise Refused(f"'{login}' cannot be a login: it has a meaning of its own where an owner is named", hint)
    return login


def check_display(display: str) -> str:
    return check_text(display, "the displayed name", DISPLAY, "write it on one line, as in 'Ada Lovelace'")
