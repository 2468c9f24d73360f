"""What every writer of a sighting owes besides the columns themselves: running time, spot requests, the provider's notes.

Whoever writes `observed` calls `follow` in the same transaction; a stretch of running time that was forgotten costs money.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, update

from im.db.bulk import recordset
from im.db.instances import spot
from im.db.money import usage
from im.db.schema.core import instances
from im.domain.sighting import Sighting

t = instances.c


def follow(connection: Connection, ids: Sequence[str], seen: Mapping[str, Sighting], now: datetime) -> list[str]:
    """`seen` (by row id) was written into the rows `ids`. Returns the ids of the rows that this changed once more."""
    usage.follow(connection, ids, seen)
    return [*spot.learn(connection, seen, now), *_keep_notes(connection, seen)]


def _keep_notes(connection: Connection, seen: Mapping[str, Sighting]) -> list[str]:
    noted = {i: dict(s.notes) for i, s in seen.items() if s.notes is not None}
    rows = [{"id": i, "provider_notes": notes} for i, notes in noted.items()]
    if not noted:
        return []
    v = recordset(instances, ("id", "provider_notes"), rows)
    changed = t.provider_notes.is_distinct_from(v.c.provider_notes)
    connection.execute(update(instances).where(t.id == v.c.id, changed).values(provider_notes=v.c.provider_notes))
    return list(noted)
