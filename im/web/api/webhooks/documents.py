"""The shapes of answers about webhooks: see `im.web.api.documents`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from im.web.api.documents import Document

Kind = Literal["running", "stopped", "terminated", "missing", "expiring", "failed", "overrun", "budget"]


class WebhookDocument(Document):
    id: str
    name: str
    url: str
    owner: str = Field(description="A user or a team.")
    everybody: bool = Field(description="It hears of everybody's instances, as long as its owner is an admin.")
    kinds: list[Kind]
    made_at: str
    made_by: str
    off_at: str | None
    off_because: str | None
    last_answered_at: str | None = Field(description="When a message was last sent to it, taken or not.")
    last_status: int | None = Field(description="What it answered then; null where there was no answer.")
    last_error: str | None = Field(description="Why that one was not taken; null where it was.")
    failing_since: str | None = Field(
        description="Nothing was taken from then on; null while it takes what it is sent."
    )


class WebhooksDocument(Document):
    items: list[WebhookDocument]


class MadeWebhookDocument(WebhookDocument):
    secret: str = Field(description="Shown this once: what messages are signed with.")


class DeliveryDocument(Document):
    id: str = Field(description="The message's id, which every attempt sends as `webhook-id`.")
    webhook: str
    kind: Literal[Kind, "test"]
    instance_id: str | None
    state: Literal["pending", "taken", "dead", "moot"]
    attempts: int
    made_at: str
    next_attempt_at: str | None
    answered_at: str | None
    status: int | None = Field(description="The receiver's last answer.")
    error: str | None


class DeliveriesDocument(Document):
    items: list[DeliveryDocument]


class SentDocument(Document):
    message: str = Field(description="The id of the message that is on its way.")


class ResentDocument(Document):
    count: int = Field(description="How many messages are on their way again.")
