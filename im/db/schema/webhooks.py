"""The tables of webhooks: who is told what, what it is signed with, and every message until a while after it was taken."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from im.db.schema.core import metadata, moment

webhooks = Table(
    "webhooks",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("url", Text, nullable=False),
    # without a foreign key, as a token's: who owns things in a deployment without users is none
    Column("owner", Text, nullable=False),
    Column("everybody", Boolean, nullable=False, server_default=text("false")),
    Column("kinds", ARRAY(Text), nullable=False),
    moment("made_at", nullable=False),
    Column("made_by", Text, nullable=False),
    moment("off_at"),
    Column("off_because", Text),
    # of the last message that was sent to it, whatever became of it
    moment("last_answered_at"),
    Column("last_status", Integer),
    Column("last_error", Text),
    moment("failing_since"),
    UniqueConstraint("owner", "name", name="uq_webhooks_name"),
)

webhook_secrets = Table(
    "webhook_secrets",
    metadata,
    # a table of its own, which whoever only looks may not read; in the clear, for it has to sign
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("webhook_id", Text, ForeignKey("webhooks.id", ondelete="CASCADE"), nullable=False),
    Column("secret", Text, nullable=False),
    moment("made_at", nullable=False),
    # null: until it is rotated
    moment("until"),
    Index("ix_webhook_secrets_webhook", "webhook_id"),
)

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("number", BigInteger, Identity(always=True), primary_key=True),
    # the message's id, the same for every attempt
    Column("id", Text, nullable=False),
    Column("webhook_id", Text, ForeignKey("webhooks.id", ondelete="CASCADE"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("instance_id", Text, ForeignKey("instances.id")),
    # of which at most one is made for a webhook
    Column("mark", Text),
    # as it is sent, to the byte
    Column("body", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    moment("made_at", nullable=False),
    moment("next_attempt_at", nullable=False),
    # of a deadline: nobody is told once it has passed
    moment("until"),
    Column("lease_token", Text),
    moment("lease_until"),
    moment("answered_at"),
    Column("status", Integer),
    Column("error", Text),
    UniqueConstraint("id", name="uq_webhook_deliveries_id"),
    UniqueConstraint("webhook_id", "mark", name="uq_webhook_deliveries_once"),
    CheckConstraint("state IN ('pending', 'taken', 'dead', 'moot')", name="state"),
    Index("ix_webhook_deliveries_pending", "webhook_id", "next_attempt_at", postgresql_where=text("state = 'pending'")),
    Index("ix_webhook_deliveries_latest", "webhook_id", "number"),
    Index("ix_webhook_deliveries_made", "made_at"),
    Index("ix_webhook_deliveries_instance", "instance_id"),
)
