"""The tables of time and money: when machines ran, which deadline held when, what things cost, who may spend how much."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Numeric,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from im.db.schema.core import metadata, moment

usage = Table(
    "usage",
    metadata,
    Column("instance_id", Text, ForeignKey("instances.id"), primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    moment("began_at", nullable=False),
    Column("began_exactly", Boolean, nullable=False),
    moment("not_before", nullable=False),
    moment("ended_at"),
    moment("sure_until"),
    Column("address", Boolean, nullable=False, server_default=text("false")),
    Column("disk_gb", Integer),
    Column("disk_type", Text),
    CheckConstraint("kind IN ('run', 'disk')", name="kind"),
    CheckConstraint("ended_at >= began_at", name="ends_after_it_began"),
    Index("ix_usage_open", "instance_id", "kind", postgresql_where=text("ended_at IS NULL")),
)

deadlines = Table(
    "deadlines",
    metadata,
    Column("instance_id", Text, ForeignKey("instances.id"), primary_key=True),
    moment("since", nullable=False),
    Column("number", Integer, primary_key=True),
    moment("expires_at", nullable=False),
)

prices = Table(
    "prices",
    metadata,
    Column("provider", Text, primary_key=True),
    Column("region", Text, primary_key=True),
    Column("item", Text, primary_key=True),
    Column("market", Text, primary_key=True),
    Column("since", DateTime(timezone=True), primary_key=True),
    Column("usd", Numeric, nullable=False),
    Column("source", Text, nullable=False),
    # when the source was last asked; the price itself may be older
    moment("fetched_at", nullable=False),
)

budgets = Table(
    "budgets",
    metadata,
    # empty: everybody together
    Column("owner", Text, primary_key=True),
    Column("usd_per_month", Numeric, nullable=False),
    Column("set_by", Text, nullable=False),
    moment("set_at", nullable=False),
    CheckConstraint("usd_per_month >= 0", name="not_negative"),
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
