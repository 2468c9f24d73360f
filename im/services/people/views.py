"""Views are saved, renamed and deleted, each by whose it is: nobody sees another's, an admin neither."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from im.db.people import views
from im.domain.access import Actor, Verb
from im.domain.errors import NoSuchView, OverLimit, ViewTaken
from im.domain.people import view as rule
from im.domain.people.view import View
from im.services import access

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from im.context import Context


def listed(ctx: Context, login: str) -> list[View]:
    """One user's, by name, for that user alone. What one of them holds may no longer be readable: see `rule.wrong_with`."""
    with ctx.looking() as connection:
        return views.listed(connection, login)


def one(ctx: Context, name: str, login: str) -> View:
    """One of that user's, or of those that are always there. Raises NoSuchView."""
    return rule.built_in(name) or rule.find(name, listed(ctx, login))


def save(ctx: Context, wanted: View, *, over: bool = True, actor: Actor) -> View:
    """In place of the one of that name, unless `over` is false. Raises Refused, ViewTaken, OverLimit."""
    access.ask(actor, Verb.KEEP_VIEW)
    view = replace(wanted, name=rule.check_name(wanted.name))
    rule.check(view)
    with ctx.storing() as connection:
        own = _locked(connection, actor)
        there = any(other.name == view.name for other in own)
        if there and not over:
            raise _taken(view.name)
        if not there and len(own) >= rule.MOST:
            raise OverLimit(f"you have {len(own)} views, and {rule.MOST} are the most", "im view delete NAME")
        now = ctx.clock(connection)
        views.write(connection, actor.name, view, now)
    return replace(view, saved_at=now)


def rename(ctx: Context, name: str, to: str, *, actor: Actor) -> View:
    """Raises Refused, NoSuchView, and ViewTaken for a name that one has already."""
    access.ask(actor, Verb.KEEP_VIEW)
    better = rule.check_name(to)
    with ctx.storing() as connection:
        own = _locked(connection, actor)
        view = _own(name, own)
        if better != view.name and any(other.name == better for other in own):
            raise _taken(better)
        views.rename(connection, actor.name, view.name, better)
    return replace(view, name=better)


def remove(ctx: Context, name: str, *, actor: Actor) -> View:
    """Raises NoSuchView."""
    access.ask(actor, Verb.KEEP_VIEW)
    with ctx.storing() as connection:
        view = _own(name, _locked(connection, actor))
        views.remove(connection, actor.name, view.name)
    return view


def _locked(connection: Connection, actor: Actor) -> list[View]:
    views.lock(connection, actor.name)
    return views.listed(connection, actor.name)


def _own(name: str, own: Sequence[View]) -> View:
    found = rule.find(name, own)
    if found.saved_at is None:
        raise NoSuchView(f"the view '{found.name}' is everybody's", "im view  shows yours")
    return found


def _taken(name: str) -> ViewTaken:
    return ViewTaken(f"you have a view '{name}' already", "take another name, or delete that one first")
