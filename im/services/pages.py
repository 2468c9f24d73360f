"""Lists, page by page: the filters of `im.domain.selection`, as far as can be by the database and the rest on what it finds."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from im.db.read import instances
from im.db.read.instances import Place, Wanted
from im.domain.errors import Refused
from im.domain.instance import Instance
from im.domain.selection import Filter

if TYPE_CHECKING:
    from im.context import Context

_AT_ONCE = 500
"""Rows read at a time where a filter is judged here: none is looked at twice, and a page never costs the fleet at once."""
_MOST = 20_000
"""Rows looked at for one page, at most; the page then ends early, and the next goes on from there."""


class Judge(Protocol):
    """What is decided row by row, as a Filter is."""

    def admits(self, row: Instance, now: datetime, me: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class Question:
    wanted: Wanted
    filters: tuple[Judge, ...] = ()
    """Those that the database cannot judge."""


@dataclass(frozen=True, slots=True)
class Page:
    rows: tuple[Instance, ...]
    now: datetime
    next: Place | None
    """Where the page behind this one begins; None: this was the last."""


def question(filters: Sequence[Filter], wanted: Wanted, me: str) -> Question:
    """Filters as they are typed, `owner=me` being `me`'s. Raises Refused for two that exclude each other."""
    rest: list[Filter] = []
    for one in filters:
        if one.key == "owner":
            owner = me if one.value == "me" else one.value
            if wanted.owners is not None and owner not in wanted.owners:
                wanted = replace(wanted, owners=())
            else:
                wanted = replace(wanted, owners=(owner,))
        elif one.key in _OF_THE_DATABASE and getattr(wanted, one.key) is None:
            wanted = _narrowed(wanted, one)
        else:
            rest.append(one)
    return Question(wanted, tuple(rest))


_OF_THE_DATABASE = ("provider", "account", "region", "name")


def _narrowed(wanted: Wanted, by: Filter) -> Wanted:
    same: dict[str, Any] = {by.key: by.value}
    return replace(wanted, **same)


def parse_filters(text: str) -> tuple[Filter, ...]:
    """`owner=me status="stopped (ttl)"`. Raises Refused."""
    return tuple(Filter.parse(word) for word in words_of(text))


def words_of(text: str) -> list[str]:
    """Raises Refused."""
    try:
        return shlex.split(text)
    except ValueError:
        raise Refused("a quotation mark is not closed", "write it like status='stopped (ttl)'") from None


def count(ctx: Context, asked: Question, seen: Page, *, first: bool) -> int | None:
    """How many there are in all; `seen` is a page of them, the first or another. None where only looking at each would tell."""
    if first and seen.next is None:
        return len(seen.rows)
    if asked.filters:
        return None
    with ctx.looking() as connection:
        return instances.count(connection, asked.wanted)


def page(ctx: Context, asked: Question, after: Place | None, limit: int, me: str) -> Page:
    found: list[Instance] = []
    looked = 0
    with ctx.looking() as connection:
        now = ctx.clock(connection)
        while True:
            room = limit + 1 - len(found)
            rows = instances.page(connection, asked.wanted, after, _AT_ONCE if asked.filters else room)
            looked += len(rows)
            for row in rows:
                if all(one.admits(row, now, me) for one in asked.filters):
                    found.append(row)
                    if len(found) > limit:
                        return Page(tuple(found[:limit]), now, place(found[limit - 1]))
                after = place(row)
            if len(rows) < (_AT_ONCE if asked.filters else room):
                return Page(tuple(found), now, None)
            if looked >= _MOST:
                return Page(tuple(found), now, after)


def place(row: Instance) -> Place:
    return (row.closed_at is not None, row.expires_at, row.id)
