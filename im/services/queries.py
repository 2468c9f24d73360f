"""The read side: Postgres only, never the cloud; every answer carries the moment it was true and how well we can see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from im.db.read import health, instances
from im.db.read.connection import Moment
from im.domain.errors import NoSuchInstance, near
from im.domain.explain.listing import Listing, Orphans
from im.domain.input.duration import is_duration

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from im.context import Context
    from im.db.read.connection import ReadTransaction
    from im.db.read.history import Line, Sought
    from im.domain.event import Event
    from im.domain.explain.turn import Place
    from im.domain.guard import Guard
    from im.domain.instance import Instance
    from im.domain.selection import Selection


def listing(ctx: Context, *, everything: bool = False, owner: str | None = None) -> Listing:
    """Every living instance, soonest deadline first; with `everything` the closed ones behind them."""
    with ctx.looking() as connection:
        rows = instances.listed(connection, everything=everything, owner=owner)
        return _with_all_that_is_wrong(ctx, connection, rows)


def _with_all_that_is_wrong(
    ctx: Context, connection: Connection | ReadTransaction, rows: Sequence[Instance] = ()
) -> Listing:
    from im.services.health.alarms import standing  # told above a list, and not of one machine

    seen = health.sight(connection)
    now = ctx.clock(Moment(seen.at))
    late = tuple(standing(connection, now, seen))
    return Listing(tuple(rows), now, seen.scopes, tuple(seen.holds(now)), late, seen.orphans)


def resolve(ctx: Context, words: Sequence[str], owners: Sequence[str] | None = None) -> Listing:
    """The instances that `words` name, in that order: by name, our id or the provider's id, a living one before a closed one.

    `owners`: as if there were those of these alone; None: of everybody. Raises NoSuchInstance, with the nearest name.
    """
    with ctx.looking() as connection:
        found: dict[str, Instance] = {}
        for row in instances.matching(connection, words):
            if owners is not None and row.owner not in owners:
                continue
            for word in (row.id, row.name, row.provider_id):
                if word is not None:
                    found.setdefault(word, row)
        for word in words:
            if word not in found:
                alike = near(word, instances.living_names(connection, owners))
                hint = f"did you mean {alike[0]}?" if alike else "im list  shows what there is"
                if is_duration(word):  # no name begins with a digit
                    hint = f"for how long is said by -d {word}"
                raise NoSuchInstance(f"there is no instance '{word[:80]}'", hint)
        rows = {found[word].id: found[word] for word in words}
        seen = health.sight(connection)
        now = ctx.clock(Moment(seen.at))
        return Listing(tuple(rows.values()), now, seen.scopes, tuple(seen.holds(now)))


def select(ctx: Context, selection: Selection, me: str) -> Listing:
    """The rows that are meant, `owner=me` being `me`'s. Raises NoSuchInstance when there is none."""
    if selection.named:
        return resolve(ctx, selection.words)
    found = listing(ctx)
    rows = selection.admitted(found.rows, found.now, me)
    if not rows:
        raise selection.nothing()
    return replace(found, rows=rows)


def sight(ctx: Context) -> Listing:
    """How well we can see and enforce, without a row."""
    with ctx.looking() as connection:
        seen = health.sight(connection)
        now = ctx.clock(Moment(seen.at))
        return Listing((), now, seen.scopes, tuple(seen.holds(now)))


def state(ctx: Context) -> Listing:
    """What is wrong with the fleet, as it is told above every page, without a row."""
    with ctx.looking() as connection:
        return _with_all_that_is_wrong(ctx, connection)


def by_ids(ctx: Context, ids: Sequence[str]) -> Listing:
    with ctx.looking() as connection:
        found, seen = instances.read(connection, ids), health.sight(connection)
        return Listing(tuple(found), ctx.clock(Moment(seen.at)), seen.scopes)


def tick_ages(ctx: Context) -> dict[str, timedelta]:
    """How long ago a slot of each tick was last claimed, by its name."""
    from im.db import ticks  # a look that few ask for

    with ctx.begin() as connection:
        return ticks.ages(connection, ctx.clock(connection))


def last_public_key(ctx: Context, owner: str) -> str | None:
    """The key that `owner` let in last."""
    with ctx.looking() as connection:
        return instances.last_public_key(connection, owner)


def orphans_listed(ctx: Context) -> Orphans:
    """Machines that carry our tag and have no row, the longest known first."""
    from im.db import orphans  # a look that few ask for

    with ctx.begin() as connection:
        return Orphans(tuple(orphans.listed(connection)), ctx.clock(connection))


def history(ctx: Context, instance_id: str) -> list[Event]:
    with ctx.looking() as connection:
        return instances.story(connection, [instance_id])


def happened(ctx: Context, sought: Sought, before: int | None, limit: int) -> list[Line]:
    """What happened anywhere, the newest first; `before` is the number of the last line of the page before."""
    from im.db.read import history  # a look that few ask for

    with ctx.looking() as connection:
        return history.page(connection, sought, before, limit)


def meant(ctx: Context, word: str) -> list[Instance]:
    """Every row, living or not, that has or had this name or id."""
    with ctx.looking() as connection:
        return instances.matching(connection, [word])


def place_of_launch(ctx: Context, token: str) -> Place | None:
    """Where a launch stands that nobody has called yet; None of any other."""
    from im.db.read import turns  # few launches wait

    with ctx.looking() as connection:
        return turns.place(connection, token)


def guard(ctx: Context, instance_id: str) -> Guard | None:
    """What the cloud does by itself after the deadline, as far as it was told."""
    with ctx.looking() as connection:
        return instances.guards(connection, [instance_id]).get(instance_id)
