"""The table of what processes have counted."""

from __future__ import annotations

from sqlalchemy import Column, Float, Table, Text

from im.db.schema.core import metadata

counters = Table(
    "counters",
    metadata,
    Column("name", Text, primary_key=True),
    # the values of the metric's labels, a JSON list
    Column("labels", Text, primary_key=True),
    # of a histogram: the upper bound of a bucket, or its sum; empty for a counter
    Column("part", Text, primary_key=True),
    Column("value", Float, nullable=False),
)
