"""What happened anywhere in the fleet, the newest first. SQL by the driver alone; see `im.db.read.connection`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from im.db.read.connection import ReadTransaction, ask
from im.domain.event import Event

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class Sought:
    """Which lines: each field narrows it further; None does not."""

    owners: Sequence[str] | None = None
    """Whose instances, as they are owned now."""
    instance_ids: Sequence[str] | None = None
    actor: str | None = None
    kind: str | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the history, and of whose; `number` counts lines in the order in which they were written."""

    number: int
    name: str
    event: Event


_NARROWS = {
    "owners": "i.owner = ANY(%(owners)s::text[])",
    "ids": "e.instance_id = ANY(%(ids)s::text[])",
    "actor": "e.actor = %(actor)s",
    "kind": "e.kind = %(kind)s",
    "since": "e.at >= %(since)s::timestamptz",
    "before": "e.id < %(before)s::bigint",
}


def page(connection: Connection | ReadTransaction, sought: Sought, before: int | None, limit: int) -> list[Line]:
    """The newest `limit` lines that were written before line `before`."""
    given: dict[str, object] = {
        "owners": None if sought.owners is None else list(sought.owners),
        "ids": None if sought.instance_ids is None else list(sought.instance_ids),
        "actor": sought.actor,
        "kind": sought.kind,
        "since": sought.since,
        "before": before,
    }
    where = " AND ".join(sql for name, sql in _NARROWS.items() if given[name] is not None)
    rows = ask(
        connection,
        "SELECT e.id, i.name, e.instance_id, e.at, e.kind, e.actor, e.reason, e.generation, e.detail, e.channel, e.request_id"  # noqa: S608  # our own words
        f" FROM events e JOIN instances i ON i.id = e.instance_id WHERE {where or 'true'} ORDER BY e.id DESC LIMIT %(limit)s",
        **given,
        limit=limit,
    )
    return [Line(number, name, Event(*rest)) for number, name, *rest in rows]
