"""The tables of time: when machines ran, and which deadline held when."""

from __future__ import annotations

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text, text

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
