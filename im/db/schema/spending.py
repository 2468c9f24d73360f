"""The tables of money: what things cost, and who may spend how much."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, DateTime, Numeric, Table, Text

from im.db.schema.core import metadata, moment

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
