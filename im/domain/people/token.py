"""Tokens: what they look like, what each may be used for, and the proof that is kept in place of the secret.

`im_pat_` (a person's) or `im_svc_` (a service's), 43 characters that nobody can guess (256 bits) and 6 of a checksum, so that a
typing error is told from a token that was revoked, and a scanner of source code can tell a leaked one from a word. SHA-256 is
enough to keep: there is nothing to guess in 256 random bits, and a slow hash at every request would be a denial of service of
our own.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from im.domain.access import Grant
from im.domain.errors import Refused
from im.domain.people.user import UserKind

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
PREFIX: Mapping[UserKind, str] = MappingProxyType({UserKind.PERSON: "im_pat_", UserKind.SERVICE: "im_svc_"})
_SECRET, _CHECK = 43, 6
_SHAPE = re.compile(rf"(im_pat_|im_svc_)([0-9A-Za-z]{{{_SECRET}}})([0-9A-Za-z]{{{_CHECK}}})")
USUAL_LIFE = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Token:
    """One row; the secret is not among it."""

    id: str
    login: str
    name: str
    shown: str
    """The first characters of it, by which a person tells their tokens apart."""
    grants: frozenset[Grant]
    made_at: datetime
    made_by: str
    expires_at: datetime
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None
    break_glass: bool = False
    """Made on a machine with the database's address, for an admin who need not be a user."""

    def usable(self, now: datetime) -> bool:
        return self.revoked_at is None and now < self.expires_at


@dataclass(frozen=True, slots=True)
class Made:
    token: Token
    secret: str
    """Shown once, kept nowhere."""


def make(kind: UserKind, choose: Callable[[str], str]) -> str:
    """A new secret; `choose` picks one of the characters it is given, as `secrets.choice` does."""
    body = PREFIX[kind] + "".join(choose(DIGITS) for _ in range(_SECRET))
    return body + _checksum(body)


def check(secret: str) -> str:
    """`secret` itself, when it may be one. Raises Refused, which repeats nothing of it."""
    found = _SHAPE.fullmatch(secret)
    if found is None:
        raise Refused("that is no token of im's", "one begins with im_pat_ or im_svc_; im token create  makes one")
    if _checksum(found[1] + found[2]) != found[3]:
        raise Refused("that token has a typing error, or lacks its end", "copy it again, whole")
    return secret


def digest(secret: str) -> str:
    """What is kept of it."""
    return hashlib.sha256(secret.encode()).hexdigest()


def shown(secret: str) -> str:
    """What a person may see of it again: the kind, and four characters."""
    return secret[: len("im_pat_") + 4]


def read_grants(words: Iterable[str]) -> frozenset[Grant]:
    """As typed: `read,write`. READ comes with each of the others, for who may change a thing sees it. Raises Refused."""
    typed = [word.strip() for one in words for word in one.split(",") if word.strip()]
    known = {grant.value for grant in Grant}
    if wrong := [word for word in typed if word not in known]:
        raise Refused(f"'{wrong[0][:40]}' is nothing that a token can grant", f"choose from {', '.join(sorted(known))}")
    return frozenset({Grant.READ, *map(Grant, typed)})


def _checksum(body: str) -> str:
    rest, out = zlib.crc32(body.encode()), ""
    for _ in range(_CHECK):
        rest, digit = divmod(rest, len(DIGITS))
        out = DIGITS[digit] + out
    return out
