"""A sign-in by an identity provider, from the moment the browser leaves for it until it comes back, once."""

from __future__ import annotations

import hmac
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from im.db.people import sign_ins
from im.db.people.sign_ins import Begun
from im.domain.errors import NotSignedIn
from im.domain.people import session as rule

if TYPE_CHECKING:
    from im.context import Context

LIVES = timedelta(minutes=10)


def begin(ctx: Context, state: str, nonce: str, verifier: str, goes_to: str) -> str:
    """Remember what was begun. Returns a secret for the browser to keep meanwhile: nobody else can end it."""
    secret = secrets.token_urlsafe(rule.BYTES)
    with ctx.begin() as connection:
        now = ctx.clock(connection)
        sign_ins.add(connection, Begun(state, nonce, verifier, goes_to, now + LIVES), rule.digest(secret))
    return secret


def come_back(ctx: Context, secret: str | None, state: str) -> Begun:
    """What was begun in this browser, for which the provider's `state` stands. Raises NotSignedIn; either way it is over."""
    with ctx.begin() as connection:
        begun = sign_ins.take(connection, rule.digest(secret), ctx.clock(connection)) if secret else None
    if begun is None or not hmac.compare_digest(begun.state.encode(), state.encode()):
        raise NotSignedIn("this sign-in was not begun in this browser, or is over", "begin again")
    return begun
