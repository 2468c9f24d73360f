"""Lists, page by page: the filters of `im.domain.selection`, as far as can be by the database and the rest on what it finds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from im.db.read import instances
from im.db.read.instances import Place, Wanted
from im.domain.instance import Instance
from im.domain.people.view import Base
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
    base: Base | None = None
    """The view that is narrowed, where it is one that the database cannot judge."""


@dataclass(frozen=True, slots=True)
class Page:
    rows: tuple[Instance, ...]
    now: datetime
    next: Place | None
    """Where the page behind this one begins; None: this was the last."""


def question(filters: Sequence[Filter], wanted: Wanted, me: str, base: Base | None = None) -> Question:
    """Filters as they are typed, `owner=me` being `me`'s, within a view that is always there."""
    rest: list[Filter] = []
    mine = [Filter("owner", "me")] if base is Base.MINE else []
    for one in (*filters, *mine):
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
    return Question(wanted, tuple(rest), None if mine else base)


_OF_THE_DATABASE = ("provider", "account", "region", "name")


def _narrowed(wanted: Wanted, by: Filter) -> Wanted:
    same: dict[str, Any] = {by.key: by.value}
    return replace(wanted, **same)


COUNTED = 20_000
"""So far a page counts: whoever has more waits no longer for the first rows."""


def count(ctx: Context, asked: Question, seen: Page, *, first: bool) -> int | None:
    """How many there are in all, or COUNTED + 1 for more; `seen` is a page of them, the first or another.

    None where only looking at each would tell.
    """
    if first and seen.next is None:
        return len(seen.rows)
    if asked.filters or asked.base:
        return None
    with ctx.looking() as connection:
        return instances.count(connection, asked.wanted, COUNTED + 1)


def page(ctx: Context, asked: Question, after: Place | None, limit: int, me: str, now: datetime | None = None) -> Page:
    """`now`: a moment that somebody has asked for already; the page is of that one, or a little later."""
    found: list[Instance] = []
    looked = 0
    with ctx.looking() as connection:
        now = ctx.clock(connection) if now is None else now
        wanted, judges = _by(asked, now)
        while True:
            room = limit + 1 - len(found)
            rows = instances.page(connection, wanted, after, _AT_ONCE if judges else room)
            looked += len(rows)
            for row in rows:
                if all(one.admits(row, now, me) for one in judges):
                    found.append(row)
                    if len(found) > limit:
                        return Page(tuple(found[:limit]), now, place(found[limit - 1]))
                after = place(row)
            if len(rows) < (_AT_ONCE if judges else room):
                return Page(tuple(found), now, None)
            if looked >= _MOST:
                return Page(tuple(found), now, after)


def _by(asked: Question, now: datetime) -> tuple[Wanted, tuple[Judge, ...]]:
    """What the database narrows by, and what is judged here."""
    if asked.base is None:
        return asked.wanted, asked.filters
    wanted, soon = asked.wanted, asked.base.before
    if soon is not None:
        wanted = replace(wanted, expires_before=min(now + soon, wanted.expires_before or now + soon))
    return wanted, (*asked.filters, asked.base)


def place(row: Instance) -> Place:
    return (row.closed_at is not None, row.expires_at, row.id)
