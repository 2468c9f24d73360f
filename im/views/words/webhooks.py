"""How a webhook stands, and what became of a message, in the words that people read."""

from __future__ import annotations

from datetime import datetime, tzinfo

from im.domain.webhook.message import Delivery, DeliveryState
from im.domain.webhook.webhook import WISHED, Webhook
from im.views.words.times import local


def standing(one: Webhook, now: datetime, zone: tzinfo | None = None) -> str:
    """`on, took the last one 14:02`, `failing since 14:02: ci.example.com answered 500`, `off, by ada`."""
    if one.off_at is not None:
        return f"off, {one.off_because}"
    if one.failing_since is not None:
        return f"failing since {local(one.failing_since, now, zone)}: {one.last_error}"
    if one.last_answered_at is None:
        return "on, nothing sent so far"
    return f"on, took the last one {local(one.last_answered_at, now, zone)}"


def wants(one: Webhook) -> str:
    """`everything`, or the kinds."""
    return "everything" if len(one.kinds) == len(WISHED) else ", ".join(sorted(one.kinds))


def became(one: Delivery) -> str:
    """`taken`, `on its way`, `sent again`, `given up`, `not told: …`."""
    match one.state:
        case DeliveryState.TAKEN:
            return "taken"
        case DeliveryState.PENDING:
            return "sent again" if one.answered_at else "on its way"
        case DeliveryState.DEAD:
            return "given up"
        case DeliveryState.MOOT:
            return "not told: its deadline was moved, or had come"
