"""Big scopes are looked at zone by zone: which zones those are, and how the last look at each of them went."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Select, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from im.db import scopes
from im.db.instances.observations import REST
from im.db.made_once import made_once
from im.db.schema.core import instances
from im.db.schema.work import shards
from im.domain.sighting import Listed

t, s = instances.c, shards.c
SPLIT_FROM = 20_000
"""Open rows of a scope from which on its zones are looked at side by side."""


def zones_of(connection: Connection, numbers: Collection[int]) -> dict[int, list[str]]:
    """Scope → its zones, for those of these scopes that are big enough to be split; REST is always among them."""
    found: dict[int, list[tuple[str, int]]] = {}
    for number, zone, count in connection.execute(*_counted(numbers=list(numbers))):
        found.setdefault(number, []).append((zone, count))
    return {
        number: [*(zone for zone, _ in zones if zone), REST]
        for number, zones in found.items()
        if sum(count for _, count in zones) >= SPLIT_FROM
    }


@made_once
def _counted(numbers: Sequence[int]) -> Select[Any]:
    return (
        select(t.scope_id, t.zone, func.count())
        .where(t.closed_at.is_(None), t.scope_id.in_(numbers))
        .group_by(t.scope_id, t.zone)
        .order_by(t.scope_id, t.zone)
    )


def keep(connection: Connection, split: Mapping[int, Sequence[str]]) -> None:
    """Forget how it went where nobody looks any more."""
    known = connection.execute(select(s.scope_id, s.zone)).all()
    for number, zone in known:
        if zone not in split.get(number, ()):
            connection.execute(delete(shards).where(s.scope_id == number, s.zone == zone))
    for number, zones in split.items():
        new = [{"scope_id": number, "zone": zone} for zone in zones if (number, zone) not in known]
        if new:
            connection.execute(insert(shards).on_conflict_do_nothing(), new)


def report(connection: Connection, number: int, zone: str, listed: Listed) -> bool:
    """As `scopes.report`, for one zone: the scope is as fresh as its stalest zone, and fails while any of them does."""
    trouble = {"error_code": listed.error_code, "error": listed.error}
    fresh = {} if listed.error_code else {"refreshed_at": listed.began_at}
    statement = insert(shards).values(scope_id=number, zone=zone, **fresh, **trouble)
    connection.execute(statement.on_conflict_do_update(index_elements=["scope_id", "zone"], set_={**fresh, **trouble}))
    rows = connection.execute(select(shards).where(s.scope_id == number)).all()
    failing = next((row for row in rows if row.error_code), None)
    if failing is not None:
        listed = replace(listed, error_code=failing.error_code, error=failing.error)
    elif all(row.refreshed_at for row in rows):
        listed = replace(listed, began_at=min(row.refreshed_at for row in rows))
    else:
        return False
    return scopes.report(connection, number, listed)
