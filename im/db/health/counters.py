"""What all processes have counted, added up."""

from __future__ import annotations

import json
from collections.abc import Mapping

from sqlalchemy import Connection, select, text

from im.counted import Key
from im.db.schema.counters import counters

_ADD = text(
    "INSERT INTO counters (name, labels, part, value)"
    " SELECT * FROM unnest(CAST(:names AS text[]), CAST(:labels AS text[]), CAST(:parts AS text[]), CAST(:by AS float8[]))"
    " ON CONFLICT (name, labels, part) DO UPDATE SET value = counters.value + excluded.value"
)


def add(connection: Connection, counted: Mapping[Key, float]) -> None:
    """One statement. Rows are locked in the order of their keys, so that two processes never wait for each other in a circle."""
    rows = sorted((name, json.dumps(values), part, by) for (name, values, part), by in counted.items())
    names, labels, parts, by = (list(column) for column in zip(*rows, strict=True))
    connection.execute(_ADD, {"names": names, "labels": labels, "parts": parts, "by": by})


def listed(connection: Connection) -> dict[Key, float]:
    c = counters.c
    query = select(c.name, c.labels, c.part, c.value).order_by(c.name, c.labels)
    return {(name, tuple(json.loads(labels)), part): value for name, labels, part, value in connection.execute(query)}
