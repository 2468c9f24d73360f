"""The snapshots that machines have given way to, or are to give way to."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, Numeric, Table, Text, text

from im.db.schema.core import instances, metadata, moment

snapshots = Table(
    "snapshots",
    metadata,
    Column("instance_id", Text, ForeignKey("instances.id"), primary_key=True),
    # of the instance's goal for which it is made
    Column("generation", Integer, primary_key=True),
    Column("scope_id", Integer, ForeignKey("scopes.id"), nullable=False),
    # that it is made of
    Column("machine", Text, nullable=False),
    Column("made", Text, nullable=False),
    # what the cloud calls it, and what is charged for, from when to when
    Column("provider_id", Text),
    Column("gb", Numeric),
    moment("asked_at"),
    moment("began_at"),
    moment("gone_at"),
    # when its machine was seen gone
    moment("left_at"),
    # the public address that may be kept for the machine that comes back; when it went otherwise
    Column("address_id", Text),
    Column("address", Text),
    moment("address_gone_at"),
    # how often it may have been asked for, and how often in a row the present step was refused
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    moment("next_attempt_at"),
    Column("lease_token", Text),
    moment("lease_until"),
    CheckConstraint("made IN ('wanted', 'asked', 'complete', 'kept', 'spent', 'failed', 'gone')", name="made"),
    Index("ix_snapshots_open", "scope_id", postgresql_where=text("made <> 'gone'")),
    Index("ix_snapshots_machine", "scope_id", "machine"),
)

Index(
    "ix_instances_to_shelve",
    instances.c.scope_id,
    postgresql_where=text("closed_at IS NULL AND desired = 'stopped' AND shelve_generation = generation"),
)
