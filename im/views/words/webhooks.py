"""How a webhook stands, and what became of a message, in the words that people read."""

from __future__ import annotations

from datetime import datetime, tzinfo

from im.domain.webhook.kind import WISHED
from im.domain.webhook.message import GONE, Delivery, DeliveryState
from im.domain.webhook.target import NOT_ALLOWED
from im.domain.webhook.webhook import Webhook
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


def answered(one: Delivery, host: str) -> str:
    """Of one that was taken: `ci.example.com answered 204, 0.3 s after it was asked for`."""
    took = (one.answered_at or one.made_at) - one.made_at
    return f"{host} answered {one.status}, {took.total_seconds():.1f} s after it was asked for"


_BY_STATUS = {
    **dict.fromkeys((401, 403), "give its receiver the secret that signs: im webhook rotate {0}  makes another"),
    **dict.fromkeys((404, 405), "look at the path of its URL: im webhook set {0} --url URL"),
    GONE: "it is switched off now: im webhook enable {0}  once it wants messages again",
    429: "it asks for a pause, and gets the message again after that",
}


def what_next(one: Delivery, webhook_id: str) -> str:
    """What to do about a message that was not taken, by what its receiver answered, or why nobody did."""
    if one.status is None:
        if one.error and one.error.endswith(NOT_ALLOWED):
            return "IM_WEBHOOK_PRIVATE, where the workers run, names the private networks that webhooks may go to"
        said = "see that it is there and has a valid certificate, or im webhook set {0} --url URL"
    elif 300 <= one.status < 400:
        said = "no redirect is followed: im webhook set {0} --url URL, with where it leads"
    elif one.status >= 500:
        said = "its own log says more"
    else:
        said = _BY_STATUS.get(one.status, "it does not take such a message: docs/webhooks.md says what comes")
    again = "" if one.state is DeliveryState.DEAD or one.status == 429 else "; it is sent again by itself"
    return said.format(webhook_id) + again


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
