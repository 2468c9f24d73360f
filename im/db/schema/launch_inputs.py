"""The tables around what people wish of machines; they stand upon those of im.db.schema.core."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, ForeignKey, Integer, LargeBinary, Table, Text

from im.db.schema.core import metadata

user_data = Table(
    "user_data",
    metadata,
    # named by the specs of the instances it is for
    Column("id", Text, primary_key=True),
    # may hold secrets: read for a launch, erased after it, never shown
    Column("content", LargeBinary, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
)

surveys = Table(
    "surveys",
    metadata,
    Column("scope_id", Integer, ForeignKey("scopes.id"), primary_key=True),
    # somebody wants to know what of ours lies there unused
    Column("asked_at", DateTime(timezone=True), nullable=False),
    # the question it was last answered for; an error says why it could not be
    Column("answered_at", DateTime(timezone=True)),
    Column("error", Text),
)

leftovers = Table(
    "leftovers",
    metadata,
    Column("scope_id", Integer, ForeignKey("scopes.id"), primary_key=True),
    Column("provider_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("seen_at", DateTime(timezone=True), nullable=False),
    # a person said that it may go
    Column("condemned_at", DateTime(timezone=True)),
    Column("condemned_by", Text),
    Column("gone_at", DateTime(timezone=True)),
    Column("error", Text),
)

nameless = Table(
    "nameless",
    metadata,
    # launched together with others, so that its name has to follow
    Column("instance_id", Text, ForeignKey("instances.id"), primary_key=True),
    Column("due_at", DateTime(timezone=True), nullable=False),
)
