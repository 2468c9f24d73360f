"""The tables that workers keep for themselves: how their looks went, what they found, whose turn it is, who was
told, and what the cloud is to end by itself."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from im.db.schema.core import metadata, moment, one_of
from im.domain.state import Observed

# of a scope that is too big for one look: how the last look at each of its zones went
shards = Table(
    "shards",
    metadata,
    Column("scope_id", Integer, ForeignKey("scopes.id"), primary_key=True),
    Column("zone", Text, primary_key=True),
    moment("refreshed_at"),
    Column("error_code", Text),
    Column("error", Text),
)

# workers that a cloud does not know: by whom, where, since when and as last answered
refusals = Table(
    "refusals",
    metadata,
    Column("worker", Text, primary_key=True),
    Column("scope_id", Integer, ForeignKey("scopes.id"), primary_key=True),
    moment("since", nullable=False),
    moment("last_at", nullable=False),
    Column("code", Text, nullable=False),
    Column("error", Text, nullable=False),
)

orphans = Table(
    "orphans",
    metadata,
    Column("scope_id", Integer, ForeignKey("scopes.id"), primary_key=True),
    Column("provider_id", Text, primary_key=True),
    moment("first_seen_at", nullable=False),
    moment("last_seen_at", nullable=False),
    Column("state", Text, nullable=False),
    *(Column(name, Text, nullable=False, server_default="") for name in ("zone", "instance_type", "image")),
    Column("public_ip", Text),
    Column("private_ip", Text),
    moment("launched_at"),
    Column("tags", JSONB, nullable=False, server_default="{}"),
    # the launch that its tag names, which may be of a past that this database does not remember
    Column("launch_token", Text),
    Column("because", Text, nullable=False),
    # it is gone, or a row has it
    moment("closed_at"),
    one_of("state", Observed),
    Index("ix_orphans_open", "scope_id", postgresql_where=text("closed_at IS NULL")),
)

ticks = Table(
    "ticks",
    metadata,
    Column("name", Text, primary_key=True),
    Column("slot", BigInteger, primary_key=True),
    moment("claimed_at", nullable=False),
)

rates = Table(
    "rates",
    metadata,
    Column("scope_id", Integer, ForeignKey("scopes.id"), primary_key=True),
    Column("verb", Text, primary_key=True),
    Column("tokens", Float, nullable=False),
    moment("at", nullable=False),
)

notices = Table(
    "notices",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("instance_id", Text, ForeignKey("instances.id"), nullable=False),
    moment("expires_at", nullable=False),
    # seconds before the deadline
    Column("stage", Integer, nullable=False),
    Column("channel", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    moment("created_at", nullable=False),
    moment("next_attempt_at", nullable=False),
    Column("lease_token", Text),
    moment("lease_until"),
    moment("sent_at"),
    Column("error", Text),
    UniqueConstraint("instance_id", "expires_at", "stage", "channel", name="uq_notices_once"),
    CheckConstraint("state IN ('pending', 'sent', 'moved', 'late')", name="state"),
    Index("ix_notices_pending", "next_attempt_at", postgresql_where=text("state = 'pending'")),
)

guards = Table(
    "guards",
    metadata,
    Column("instance_id", Text, ForeignKey("instances.id"), primary_key=True),
    Column("kind", Text, nullable=False),
    # seconds after the deadline
    Column("grace", Integer, nullable=False),
    # seconds from now, the farthest moment that the cloud takes; null: any
    Column("ahead", Integer),
    # what the cloud has confirmed, and what it was asked without an answer so far
    moment("told_at"),
    moment("asked_at"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    moment("next_attempt_at"),
    Column("lease_token", Text),
    moment("lease_until"),
    Column("error_code", Text),
    Column("error", Text),
    CheckConstraint("kind IN ('none', 'scheduler')", name="kind"),
)
