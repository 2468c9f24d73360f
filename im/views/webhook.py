"""A webhook, and one message on its way to it; and read again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from im.domain.webhook.kind import WebhookKind
from im.domain.webhook.message import Delivery, DeliveryState
from im.domain.webhook.webhook import Webhook
from im.views.times import read_moment, read_utc, utc


def webhook_json(webhook: Webhook, secret: str | None = None) -> dict[str, Any]:
    """`secret` is there in the answer that makes it, and never again. `everybody`: it hears of everybody's instances."""
    return {
        "id": webhook.id,
        "name": webhook.name,
        "url": webhook.url,
        "owner": webhook.owner,
        "everybody": webhook.everybody,
        "kinds": sorted(kind.value for kind in webhook.kinds),
        "made_at": utc(webhook.made_at),
        "made_by": webhook.made_by,
        "off_at": utc(webhook.off_at),
        "off_because": webhook.off_because,
        "last_answered_at": utc(webhook.last_answered_at),
        "last_status": webhook.last_status,
        "last_error": webhook.last_error,
        "failing_since": utc(webhook.failing_since),
        **({} if secret is None else {"secret": secret}),
    }


def read_webhook(told: Mapping[str, Any]) -> Webhook:
    known = {kind.value for kind in WebhookKind}  # a newer server may know more
    return Webhook(
        told["id"],
        told["name"],
        told["url"],
        told["owner"],
        told["everybody"],
        frozenset(WebhookKind(one) for one in told["kinds"] if one in known),
        read_moment(told["made_at"]),
        told["made_by"],
        read_utc(told["off_at"]),
        told["off_because"],
        read_utc(told.get("last_answered_at")),  # an older server does not tell
        told.get("last_status"),
        told.get("last_error"),
        read_utc(told.get("failing_since")),
    )


def delivery_json(delivery: Delivery) -> dict[str, Any]:
    """`status` is the receiver's last answer; null where there was none."""
    return {
        "id": delivery.id,
        "webhook": delivery.webhook_id,
        "kind": delivery.kind.value,
        "instance_id": delivery.instance_id,
        "state": delivery.state.value,
        "attempts": delivery.attempts,
        "made_at": utc(delivery.made_at),
        "next_attempt_at": utc(delivery.next_attempt_at) if delivery.state is DeliveryState.PENDING else None,
        "answered_at": utc(delivery.answered_at),
        "status": delivery.status,
        "error": delivery.error,
    }


def read_delivery(told: Mapping[str, Any]) -> Delivery:
    return Delivery(
        told["id"],
        told["webhook"],
        WebhookKind(told["kind"]),
        told["instance_id"],
        DeliveryState(told["state"]),
        told["attempts"],
        read_moment(told["made_at"]),
        read_moment(told["next_attempt_at"] or told["made_at"]),
        read_utc(told["answered_at"]),
        told["status"],
        told["error"],
    )
