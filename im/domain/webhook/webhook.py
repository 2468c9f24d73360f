"""A webhook: a receiver of somebody's, and the kinds of messages that it wants.

What a webhook hears of is what its owner may change: an owner's own and their team's, or everybody's where an admin wished that.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from im.domain.errors import Refused
from im.domain.input.text import check_text
from im.domain.webhook.kind import WISHED, WebhookKind

NAME = 60
"""Characters."""
MOST = 50
"""Webhooks of one owner: each is asked for with every event of theirs."""
SECRET = "whsec_"  # noqa: S105  # what one begins with
SECRET_BYTES = 32
"""Of randomness; Standard Webhooks asks for 24 to 64."""
OVERLAP = timedelta(hours=24)
"""How long messages are signed by the secret before as well, unless told otherwise."""
LONGEST_OVERLAP = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Webhook:
    """One row; the secret is not among it."""

    id: str
    name: str
    url: str
    owner: str
    """A user or a team."""
    everybody: bool
    """It hears of everybody's, as long as its owner is an admin."""
    kinds: frozenset[WebhookKind]
    made_at: datetime
    made_by: str
    off_at: datetime | None = None
    off_because: str | None = None
    """Who switched it off, or what did."""
    last_answered_at: datetime | None = None
    """When a message was last sent to it, taken or not."""
    last_status: int | None = None
    """What it answered then; None where there was no answer."""
    last_error: str | None = None
    """Why that one was not taken; None where it was."""
    failing_since: datetime | None = None
    """Nothing was taken from then on; None while it takes what it is sent."""


@dataclass(frozen=True, slots=True)
class Made:
    webhook: Webhook
    secret: str
    """Shown once. It is kept to sign with, and never shown again."""


def make_secret(random: bytes) -> str:
    return SECRET + base64.b64encode(random).decode()


def check_name(name: str) -> str:
    return check_text(name, "the webhook's name", NAME, "name what it is for: ci, chat")


def read_kinds(words: Iterable[str]) -> frozenset[WebhookKind]:
    """As typed: `running,failed`. Raises Refused."""
    typed = [word.strip() for one in words for word in one.split(",") if word.strip()]
    known = [kind.value for kind in WISHED]
    if wrong := [word for word in typed if word not in known]:
        raise Refused(
            f"'{ascii(wrong[0])[1:41]}' is nothing that a webhook can want", f"choose from {', '.join(known)}"
        )
    if not typed:
        raise Refused("a webhook has to want something", f"choose from {', '.join(known)}")
    return frozenset(map(WebhookKind, typed))
