"""The one writer of what was observed of a machine: its state, its addresses, when it was seen and since when it runs.

What a sighting owes besides is written with it, by the same call: running time, spot requests, the provider's notes. Nobody else
writes these columns of a row that has a machine; a interval of running time that a second writer forgot would cost money.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, TableValuedAlias, Update, and_, case, func, update

from im.db.bulk import recordset
from im.db.instances import spot
from im.db.money import usage
from im.db.read import instances as read_instances
from im.db.schema.core import instances, scopes
from im.db.select import fetch_instances, select_instances
from im.domain.state import GONE, Observed

if TYPE_CHECKING:
    from im.domain.instance import Instance
    from im.domain.sighting import Sighting

t = instances.c

COLUMNS = ("observed", "observed_at", "public_ip", "private_ip", "launched_at")
_GONE = [o.value for o in GONE]


def as_columns(seen: Sighting | None, at: datetime | None) -> dict[str, Any]:
    """COLUMNS of one row of `v`, seen at `at`; without a sighting nothing of it is known, and nothing of it is written."""
    return {
        "observed": seen.state.value if seen else None,
        "observed_at": at,
        "public_ip": seen.public_ip if seen else None,
        "private_ip": seen.private_ip if seen else None,
        "launched_at": seen.launched_at if seen else None,
    }


def is_seen(v: TableValuedAlias) -> ColumnElement[bool]:
    observed: ColumnElement[Any] = v.c.observed
    return observed.is_not(None)


def write(
    connection: Connection,
    v: TableValuedAlias,
    seen: Mapping[str, Sighting],
    now: datetime,
    *,
    where: ColumnElement[bool],
    beside: Mapping[str, Any],
) -> set[str]:
    """Write the facts of `v` (rows of `id`, COLUMNS and more), and `beside` with them, into the rows for which `where` holds.

    `seen`: the sightings that they are of, by row id. Returns the ids of the rows written.
    """
    done = connection.execute(_update(v, is_seen(v), where, beside).returning(t.id))
    written = set(done.scalars())
    _follow(connection, {i: one for i, one in seen.items() if i in written}, now)
    return written


def write_and_read(
    connection: Connection,
    v: TableValuedAlias,
    seen: Mapping[str, Sighting],
    now: datetime,
    *,
    fresh: ColumnElement[bool],
    where: ColumnElement[bool],
    beside: Mapping[str, Any],
) -> dict[str, Instance]:
    """As `write`, the facts only where they are `fresh`; returns the rows as they are afterwards, by id."""
    mine = _update(v, fresh, and_(where, t.scope_id == scopes.c.id), beside)
    rows = fetch_instances(connection, mine.returning(*select_instances().selected_columns))
    written = {row.id: row for row in rows}
    changed = _follow(connection, {i: one for i, one in seen.items() if i in written}, now)
    return written | {row.id: row for row in (read_instances.read(connection, changed) if changed else ())}


def forget(connection: Connection, seen: Mapping[str, Sighting], now: datetime) -> None:
    """The machines of these (locked) rows ended before they ever ran: their books are closed, and the rows are free again."""
    mine = update(instances).where(t.id.in_(list(seen)))
    connection.execute(mine.values(observed=Observed.TERMINATED.value, observed_at=now))
    usage.follow(connection, list(seen), seen)
    machine = ("provider_id", "public_ip", "private_ip", "launched_at", "spot_request", "drift_since")
    work = ("next_attempt_at", "lease_token", "lease_until")
    freed: dict[str, Any] = dict.fromkeys((*machine, *work))
    connection.execute(
        mine.values(**freed, observed=Observed.NONE.value, provider_notes={}, protected_at_cloud=False, unsure={})
    )


def _update(
    v: TableValuedAlias, fresh: ColumnElement[bool], where: ColumnElement[bool], beside: Mapping[str, Any]
) -> Update:
    gone, stopped = and_(fresh, v.c.observed.in_(_GONE)), and_(fresh, v.c.observed == Observed.STOPPED.value)
    facts = {
        "observed": case((fresh, v.c.observed), else_=t.observed),
        "observed_at": case((fresh, v.c.observed_at), else_=t.observed_at),
        # most clouds take the address of what is stopped, and some leave it: what its cloud shows then is what it has
        "public_ip": case((gone, None), (stopped, v.c.public_ip), else_=func.coalesce(v.c.public_ip, t.public_ip)),
        "private_ip": func.coalesce(v.c.private_ip, t.private_ip),
        "launched_at": func.coalesce(v.c.launched_at, t.launched_at),
    }
    return update(instances).where(t.id == v.c.id, where).values(**facts, **beside)


def _follow(connection: Connection, seen: Mapping[str, Sighting], now: datetime) -> list[str]:
    """What these sightings (by row id), just written, owe besides. Returns the ids of the rows that this changed once more."""
    usage.follow(connection, sorted(seen), seen)
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
