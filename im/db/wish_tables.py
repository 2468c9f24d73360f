"""The tables around what people wish of machines; they stand upon those of im.db.tables and im.db.money_tables."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, LargeBinary, Table, Text

import im.db.money_tables  # noqa: F401  # whoever asks for all tables gets all
from im.db.tables import metadata

__all__ = ["metadata", "user_data"]

user_data = Table(
    "user_data",
    metadata,
    # named by the specs of the instances it is for
    Column("id", Text, primary_key=True),
    # may hold secrets: read for a launch, erased after it, never shown
    Column("content", LargeBinary, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
)
