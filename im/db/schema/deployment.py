"""The table of the deployment's identity: one row."""

from __future__ import annotations

from sqlalchemy import Boolean, CheckConstraint, Column, Table, Text, text

from im.db.schema.core import metadata, moment

deployment = Table(
    "deployment",
    metadata,
    Column("only_row", Boolean, primary_key=True, server_default=text("true")),
    Column("id", Text, nullable=False),
    # which Postgres server, and which database there, the identity was minted in: a copy must not act in its name
    Column("system_identifier", Text, nullable=False),
    Column("birth", Text),
    # the oldest schema whose program may still work on this one
    Column("oldest", Text, server_default="0015", nullable=False),
    moment("created_at", nullable=False),
    CheckConstraint("only_row", name="only_row"),
)
