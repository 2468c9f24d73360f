"""What a look shows: instances, and what is told of one of them. SQL by the driver alone; see `im.db.read.connection`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from im.db.mapping import COLUMNS, DOCUMENTS, to_instance
from im.db.read.connection import ReadTransaction, ask
from im.domain.guard import Guard, GuardKind
from im.domain.state import AT_REST

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from im.domain.event import Event
    from im.domain.instance import Instance

_COLUMNS = ", ".join(f"i.{name}::text" if name in DOCUMENTS else f"i.{name}" for name in COLUMNS)
_INSTANCES = (
    f"SELECT {_COLUMNS}, s.provider, s.account, s.region"  # noqa: S608 - our own names
    " FROM instances i JOIN scopes s ON s.id = i.scope_id"
)


def listed(connection: Connection | ReadTransaction, *, everything: bool, owner: str | None) -> list[Instance]:
    """What `im list` shows, soonest deadline first; closed ones only on request."""
    return _instances(
        connection,
        "WHERE (%(everything)s OR i.closed_at IS NULL) AND (%(owner)s IS NULL OR i.owner = %(owner)s)"
        " ORDER BY i.closed_at IS NOT NULL, i.expires_at, i.name",
        everything=everything,
        owner=owner,
    )


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a page holds: each field narrows it further; None does not."""

    everything: bool = False
    """Closed ones too."""
    owners: Sequence[str] | None = None
    provider: str | None = None
    account: str | None = None
    region: str | None = None
    name: str | None = None
    tag: tuple[str, str] | None = None
    expires_before: datetime | None = None


Place = tuple[bool, datetime, str]
"""Where a row stands in a list: whether it is closed, its deadline, its id."""


def page(connection: Connection | ReadTransaction, wanted: Wanted, after: Place | None, limit: int) -> list[Instance]:
    """The next rows behind `after`, living ones first and soonest deadline first, at most `limit`."""
    where, given = _narrowed(wanted)
    if after is not None:
        row = "i.expires_at, i.id" if not wanted.everything else "(i.closed_at IS NOT NULL), i.expires_at, i.id"
        values = "%(at)s, %(id)s" if not wanted.everything else "%(closed)s, %(at)s, %(id)s"
        where.append(f"({row}) > ({values})")
        given |= {"closed": after[0], "at": after[1], "id": after[2]}
    order = "i.expires_at, i.id" if not wanted.everything else "(i.closed_at IS NOT NULL), i.expires_at, i.id"
    told = f"WHERE {' AND '.join(where) or 'true'} ORDER BY {order} LIMIT %(limit)s"
    return _instances(connection, told, **given, limit=limit)


def count(connection: Connection | ReadTransaction, wanted: Wanted, most: int) -> int:
    """How many rows all pages hold together; `most` where there are so many or more, which is as far as is counted."""
    where, given = _narrowed(wanted)
    # each has one scope, so that it need not be looked up where nothing of it is asked
    scopes = " JOIN scopes s ON s.id = i.scope_id" if any(one.startswith("s.") for one in where) else ""
    rows = f"SELECT FROM instances i{scopes} WHERE {' AND '.join(where) or 'true'} LIMIT %(most)s"
    ((found,),) = ask(connection, f"SELECT count(*) FROM ({rows}) AS found", **given, most=most)  # noqa: S608  # our own words
    return int(found)


def _narrowed(wanted: Wanted) -> tuple[list[str], dict[str, object]]:
    tag = None if wanted.tag is None else json.dumps({"tags": dict([wanted.tag])})
    given: dict[str, object] = {
        "owners": None if wanted.owners is None else list(wanted.owners),
        "provider": wanted.provider,
        "account": wanted.account,
        "region": wanted.region,
        "name": wanted.name,
        "before": wanted.expires_before,
        "tag": tag,
    }
    where = [sql for name, sql in _NARROWS.items() if given[name] is not None]
    if not wanted.everything:
        where.append("i.closed_at IS NULL")
    return where, given


_NARROWS = {
    "owners": "i.owner = ANY(%(owners)s::text[])",
    "provider": "s.provider = %(provider)s",
    "account": "s.account = %(account)s",
    "region": "s.region = %(region)s",
    "name": "i.name = %(name)s",
    "before": "i.expires_at < %(before)s",
    "tag": "i.spec @> %(tag)s::jsonb",
}


def read(connection: Connection | ReadTransaction, ids: Sequence[str]) -> list[Instance]:
    """Those there are, in that order."""
    found = {row.id: row for row in _instances(connection, "WHERE i.id = ANY(%(ids)s::text[])", ids=list(ids))}
    return [found[one] for one in ids if one in found]


def matching(connection: Connection | ReadTransaction, words: Sequence[str]) -> list[Instance]:
    """Every row that one of `words` may mean: its name, our id, or the provider's id; living ones and newest first."""
    return _instances(
        connection,
        "WHERE i.id = ANY(%(words)s::text[]) OR i.name = ANY(%(words)s::text[]) OR i.provider_id = ANY(%(words)s::text[])"
        " ORDER BY i.closed_at IS NOT NULL, i.created_at DESC",
        words=list(words),
    )


def past_deadline(connection: Connection | ReadTransaction, now: datetime) -> list[Instance]:
    """Living instances whose deadline has passed, whatever is desired of them; those that are at rest are where they should be."""
    return _instances(
        connection,
        "WHERE i.closed_at IS NULL AND i.expires_at <= %(now)s AND i.observed <> ALL(%(at_rest)s) ORDER BY i.expires_at",
        now=now,
        at_rest=[one.value for one in AT_REST],
    )


def since(connection: Connection | ReadTransaction, then: datetime, owner: str | None = None) -> list[Instance]:
    """Every instance, or one owner's, that was not closed before `then`."""
    return _instances(
        connection,
        "WHERE (i.closed_at IS NULL OR i.closed_at > %(then)s) AND (%(owner)s IS NULL OR i.owner = %(owner)s) ORDER BY i.id",
        then=then,
        owner=owner,
    )


def owned(connection: Connection | ReadTransaction, owners: Sequence[str]) -> list[Instance]:
    """Every living instance of these owners."""
    return _instances(
        connection, "WHERE i.closed_at IS NULL AND i.owner = ANY(%(owners)s::text[])", owners=list(owners)
    )


def last_public_key(connection: Connection | ReadTransaction, owner: str) -> str | None:
    """Of the newest instance of this owner."""
    rows = ask(
        connection,
        "SELECT spec->>'public_key' FROM instances WHERE owner = %(owner)s ORDER BY created_at DESC LIMIT 1",
        owner=owner,
    )
    return next((key for (key,) in rows), None)


def living_names(connection: Connection | ReadTransaction, owners: Sequence[str] | None = None) -> list[str]:
    found = ask(
        connection,
        "SELECT name FROM instances WHERE closed_at IS NULL AND (%(all)s OR owner = ANY(%(owners)s::text[]))",
        all=owners is None,
        owners=list(owners or ()),
    )
    return [name for (name,) in found]


def story(connection: Connection | ReadTransaction, instance_ids: Sequence[str]) -> list[Event]:
    """What happened to these, in the order in which it was recorded."""
    from im.domain.event import Event  # a table of machines shows none

    rows = ask(
        connection,
        "SELECT instance_id, at, kind, actor, reason, generation, detail, channel, request_id FROM events"
        " WHERE instance_id = ANY(%(ids)s::text[]) ORDER BY id",
        ids=list(instance_ids),
    )
    return [Event(*row) for row in rows]


def guards(connection: Connection | ReadTransaction, ids: Sequence[str]) -> dict[str, Guard]:
    """What the cloud does by itself after the deadline, of those that have a guard."""
    rows = ask(
        connection,
        "SELECT instance_id, kind, grace, told_at, asked_at, error, ahead FROM guards"
        " WHERE instance_id = ANY(%(ids)s::text[]) AND kind <> %(none)s",
        ids=list(ids),
        none=GuardKind.NONE.value,
    )
    return {
        one: Guard(
            *(one, GuardKind(kind), timedelta(seconds=grace), told_at, asked_at, error),
            timedelta(seconds=ahead) if ahead is not None else None,
        )
        for one, kind, grace, told_at, asked_at, error, ahead in rows
    }


def _instances(connection: Connection | ReadTransaction, rest: str, **given: object) -> list[Instance]:
    return [to_instance(row) for row in ask(connection, f"{_INSTANCES} {rest}", **given)]
