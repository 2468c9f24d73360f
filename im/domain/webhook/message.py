"""Messages as Standard Webhooks 1.0 has them (github.com/standard-webhooks/standard-webhooks): body, headers, signature.

A message is made once and kept: every attempt sends the same id and the same bytes, so that a receiver that gets it twice can tell.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from im.domain.explain.phase import phase
from im.domain.input.text import TOLD, visible
from im.domain.webhook.kind import WebhookKind
from im.domain.webhook.webhook import SECRET

if TYPE_CHECKING:
    from im.domain.event import Event
    from im.domain.instance import Instance
    from im.domain.money.budget import Use

PAUSES = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""Between one attempt and the next, as Standard Webhooks proposes: ten attempts in a little more than three days."""
LONGEST_AFTER = timedelta(hours=24)
"""A receiver may ask for a longer pause, and not for more than this."""
GONE = 410
"""The receiver wants nothing any more, and is asked no more."""


class DeliveryState(StrEnum):
    PENDING = "pending"
    TAKEN = "taken"
    DEAD = "dead"
    """Not taken in all its attempts; `im webhook resend` begins anew."""
    MOOT = "moot"
    """Of a deadline that was moved, or whose time came, before anybody took it."""


@dataclass(frozen=True, slots=True)
class Message:
    """`mark`: of which at most one is made for a webhook; None for what an event alone brings about.

    `until`: the deadline that it tells of, after which it is nothing to tell any more.
    """

    webhook_id: str
    kind: WebhookKind
    body: str
    instance_id: str | None = None
    mark: str | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message on its way to one webhook."""

    id: str
    webhook_id: str
    kind: WebhookKind
    instance_id: str | None
    state: DeliveryState
    attempts: int
    made_at: datetime
    next_attempt_at: datetime
    answered_at: datetime | None
    status: int | None
    """The receiver's last answer; None where there was none."""
    error: str | None
    """Why it was not taken at the last attempt."""


def next_attempt(attempts: int, now: datetime, after: timedelta | None = None) -> datetime | None:
    """When it is sent again after so many attempts in vain, at the earliest what the receiver asked for; None: never."""
    if attempts > len(PAUSES):
        return None
    return now + max(PAUSES[attempts - 1], min(after or timedelta(0), LONGEST_AFTER))


def headers(secrets: Sequence[str], message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """What proves a message: signed by each secret that is valid, the newest first."""
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(_seconds(at)),
        "webhook-signature": " ".join(sign(secret, message_id, at, body) for secret in secrets),
    }


def sign(secret: str, message_id: str, at: datetime, body: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(SECRET))
    signed = f"{message_id}.{_seconds(at)}.".encode() + body
    return f"v1,{base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()}"


# ---- bodies ----------------------------------------------------------------------------------------------------------


def of_event(kind: WebhookKind, event: Event, row: Instance) -> str:
    told = {
        "kind": str(event.kind),
        "actor": visible(str(event.actor)),
        "reason": visible(event.reason)[:TOLD],
        "generation": event.generation,
        "channel": None if event.came_by is None else str(event.came_by),
        "request_id": event.request_id,
    }
    return body(kind, event.at, {"instance": instance(row, event.at), "event": told})


def of_expiring(row: Instance, stage: timedelta, now: datetime) -> str:
    told = {
        "instance": instance(row, now),
        "seconds_left": int((row.expires_at - now).total_seconds()),
        "stage_seconds": int(stage.total_seconds()),
        "extend": f"im extend {row.name} -d 1h",
    }
    return body(WebhookKind.EXPIRING, now, told)


def of_overrun(row: Instance, now: datetime) -> str:
    over = int((now - row.expires_at).total_seconds())
    return body(WebhookKind.OVERRUN, now, {"instance": instance(row, now), "seconds_over": over})


def of_budget(use: Use, percent: int, now: datetime) -> str:
    told = {
        "owner": use.budget.owner or None,
        "month": f"{now.astimezone(UTC):%Y-%m}",
        "reached_percent": percent,
        "usd_per_month": f"{use.budget.usd_per_month:f}",
        "usd_spent": f"{use.spent:f}",
        "usd_promised": f"{use.promised:f}",
    }
    return body(WebhookKind.BUDGET, now, {"budget": told})


def of_test(name: str, by: str, now: datetime) -> str:
    return body(WebhookKind.TEST, now, {"webhook": name, "by": by})


def body(kind: WebhookKind, at: datetime, data: Mapping[str, Any]) -> str:
    """In ASCII: whatever characters a cloud or a person has come up with, it is stored and sent as it is."""
    return json.dumps({"type": kind.type, "timestamp": _utc(at), "data": data})


def instance(row: Instance, now: datetime) -> dict[str, Any]:
    """What is told of an instance: a part of its document, under the same keys; keys are added, never renamed."""
    return {
        "id": row.id,
        "name": row.name,
        "owner": row.owner,
        "provider": row.scope.provider,
        "account": row.scope.account,
        "region": row.scope.region,
        "zone": row.zone or row.spec.zone or None,
        "provider_id": row.provider_id,
        "instance_type": row.spec.instance_type,
        "status": phase(row, now).word,
        "desired": row.desired.value,
        "observed": row.observed.value,
        "generation": row.generation,
        "why": row.why.value,
        "by": row.by,
        "public_ip": row.public_ip,
        "private_ip": row.private_ip,
        "created_at": _utc(row.created_at),
        "launched_at": None if row.launched_at is None else _utc(row.launched_at),
        "expires_at": _utc(row.expires_at),
        "on_expiry": row.on_expiry.value,
        "error_code": row.error_code,
        "error": row.error,
        "tags": dict(row.spec.tags),
    }


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _seconds(at: datetime) -> int:
    return int(at.timestamp())
