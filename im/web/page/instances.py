"""The first page: which instances there are, the soonest deadline first. Its address holds all of its state."""

from __future__ import annotations

import shlex
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Annotated, Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Query
from markupsafe import Markup, escape
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from im.db.read.instances import Wanted
from im.domain.errors import Refused
from im.domain.instance import Instance
from im.domain.people.view import NAME, Base, View
from im.domain.selection import Filter, parse_filters, words_of
from im.services import pages
from im.services.money.costs import costs
from im.services.people import views
from im.views.cost import Costs
from im.web.api import cursor
from im.web.api.asker import Asker, Asking
from im.web.api.forms import Form
from im.web.api.stream import Watch
from im.web.page import live
from im.web.page.look import Look
from im.web.page.rows import LINKED, drawn
from im.web.page.shown import shown
from im.web.page.site import Visit, answer, link, part, render, visit_of

router = APIRouter(include_in_schema=False)
COLUMNS = {
    "status": "Status",
    "left": "Time left",
    "type": "Type",
    "zone": "Zone",
    "address": "Address",
    "rate": "$/h",
    "cost": "Cost",
    "owner": "Owner",
    "provider": "Cloud",
    "id": "Id",
}
USUAL = ("status", "left", "type", "zone", "address", "rate", "cost", "owner")
CALLED = {name: name for name in COLUMNS} | {"left": "time-left", "address": "ip", "rate": "$/h", "id": "cloud-id"}
"""Column of the page → what the command line, and so a view that was saved, calls it."""
BASES = {
    "": "Everybody",
    Base.MINE.value: "Mine",
    Base.SOON.value: "Ends within 2 h",
    Base.OVERDUE.value: "Overdue",
    Base.FAILED.value: "Failed",
}
"""The views that are always there."""


class InstancesQuery(Form):
    """What the address of the page says; a stranger's link is answered with the nearest that makes sense."""

    q: Annotated[str, Field(max_length=500)] = ""
    view: Annotated[str, Field(pattern="^(mine|soon|overdue|failed|)$")] = ""
    all: bool = False
    columns: list[Annotated[str, Field(max_length=20)]] = Field(default=[], max_length=20)
    saved: Annotated[str, Field(max_length=NAME)] = ""
    """Which of the reader's own views it began with. What that shows stands beside it, so that a link shows others the same."""
    cursor: Annotated[str, Field(max_length=400, pattern=r"^[A-Za-z0-9_-]*$")] = ""

    def as_view(self, name: str) -> View:
        """What is shown here, as it would be saved."""
        columns = tuple(CALLED[one] for one in COLUMNS if one in self.columns)
        return View(name, self.q.strip(), Base(self.view) if self.view else None, self.all, columns)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What was found for a page, whoever of those who would find the same looks."""

    told: dict[str, Any]
    now: datetime
    rows: tuple[Instance, ...] = ()
    costs: Costs = field(default_factory=dict)
    texts: dict[Hashable, str] = field(default_factory=dict)
    """The part of the page that tells it, drawn, by what its reader may do with whose."""

    @property
    def status(self) -> int:
        return 422 if self.told["wrong"] else 200


@router.get("/")
def show_instances(request: Request, asker: Asking, asked: Annotated[InstancesQuery, Query()]) -> Response:
    since = live.since(request)
    if since is None:
        visit = visit_of(request, asker)
        found = _answer(visit, asked)
        told = {**found.told, **_own(asker, asked), "rows": _rows(found, asker, visit.look)}
        return visit.show("instances.html", status=found.status, now=found.now, **told)
    look = Look.of(request.cookies)
    key = (id(asker.ctx), request.url.query, look.zone.key, _whose(asker, asked))
    found = request.app.state.live.get(key, since, lambda: _moment(_answer(visit_of(request, asker), asked)))
    rights = (
        asker.actor.roles,
        asker.actor.grants,
        frozenset(r.owner for r in found.rows if asker.actor.owns(r.owner)),
    )
    if rights not in found.texts:
        told = {**found.told, "now": found.now, "rows": _rows(found, asker, look)}
        found.texts[rights] = render("parts/found.html", look, told)
    return answer(found.texts[rights], found.status)


def _own(asker: Asker, asked: InstancesQuery) -> dict[str, Any]:
    """The views, which stand beside what is told to everybody who sees the same: some are the reader's own."""
    own = views.listed(asker.ctx, asker.actor.name)
    saved = next((view for view in own if view.name == asked.saved), None)
    return {
        "views": _views(asked, saved),
        "own": [(view.name, address_of(view), view is saved) for view in own],
        "saved": saved,
        "changed": saved is not None and not same(saved, asked),
    }


def _moment(found: _Answer) -> tuple[_Answer, datetime]:
    return found, found.now


def _rows(found: _Answer, asker: Asker, look: Look) -> Markup:
    """The rows of the table, as this reader may see and change them."""
    asked: InstancesQuery = found.told["asked"]

    @cache  # of fifty rows most have the same type, zone, owner and state
    def where(key: str, value: str) -> Markup:
        if key == "status":
            return escape(_address(asked, q=f"status={shlex.quote(value)}", view=""))
        return escape(_address(asked, q=_also(asked.q, key, value)))

    macro, chosen = part("parts/row.html").row, found.told["chosen"]
    told = shown(found.rows, found.now, found.costs, asker.actor, look.zone)
    rows = (drawn(macro, one, {key: where(key, getattr(one.words, key)) for key in LINKED}, chosen) for one in told)
    return Markup("").join(rows)


def _answer(visit: Visit, asked: InstancesQuery) -> _Answer:
    """What the page tells, whoever of those that may see it looks."""
    told: dict[str, Any] = {
        "asked": asked,
        "here": visit.here,
        "chosen": tuple((name, title) for name, title in COLUMNS.items() if name in (asked.columns or USUAL)),
        "columns": COLUMNS,
    }
    try:
        filters = parse_filters(asked.q)
    except Refused as exc:
        told |= {"warnings": visit.warnings(), "next": None, "chips": [], "cli": "", "count": "", "wrong": exc}
        return _Answer(told, visit.now)
    found, count = _found(visit.asker, asked, visit.now)
    told |= {
        "warnings": visit.warnings(found.rows),
        "next": _address(asked, cursor=cursor.write(found.next, _state(asked))) if found.next else None,
        "chips": [(one, _address(asked, q=_without(asked.q, i))) for i, one in enumerate(filters)],
        "cli": _command(asked, filters),
        "count": count,
        "wrong": None,
    }
    return _Answer(told, found.now, found.rows, costs(visit.asker.ctx, found.rows, found.now))


def _found(asker: Asker, asked: InstancesQuery, now: datetime | None = None) -> tuple[pages.Page, str]:
    """The rows of one page, and how many there are in words."""
    question = question_of(asker, asked.q, asked.view, everything=asked.all)
    after = cursor.read(asked.cursor, _state(asked)) if asked.cursor else None
    found = pages.page(asker.ctx, question, after, 50, asker.actor.name, now)
    return found, _counted(pages.count(asker.ctx, question, found, first=after is None))


def watched(address: str) -> Watch | None:
    """How to see whether the list at this address has changed; None where it is no list's."""
    path, _, query = address.partition("?")
    given = {name: values[-1] for name, values in parse_qs(query).items() if name in ("q", "view", "all", "cursor")}
    try:
        asked = InstancesQuery.model_validate(given)
        parse_filters(asked.q)
    except (ValueError, Refused):
        return None
    if path != "/":
        return None

    def look(asker: Asker) -> object:
        found, count = _found(asker, asked)
        return found.rows, found.next is None, count

    return Watch(lambda asker: (tuple(sorted(given.items())), _whose(asker, asked)), look)


def _whose(asker: Asker, asked: InstancesQuery) -> Hashable:
    """What a list depends on of its reader; their name only where the question has their own in it."""
    return asker.seen_owners, asker.actor.name if asked.view == "mine" or "me" in asked.q else ""


def question_of(asker: Asker, q: str, view: str, *, everything: bool = False) -> pages.Question:
    """What the page and a change of all that it finds mean by the same words. Raises Refused."""
    wanted = Wanted(everything=everything, owners=asker.seen_owners)
    return pages.question(parse_filters(q), wanted, asker.actor.name, Base(view) if view else None)


def _command(asked: InstancesQuery, filters: Sequence[Filter]) -> str:
    """The same on the command line."""
    words = ["im list", *(["--view", asked.view] if asked.view else []), *(["--all"] if asked.all else [])]
    return " ".join([*words, *(f"--filter {shlex.quote(f'{one.key}={one.value}')}" for one in filters)])


def _counted(count: int | None) -> str:
    if count is None:
        return "more than one page"
    if count > pages.COUNTED:
        return f"more than {pages.COUNTED:,} instances"
    return "1 instance" if count == 1 else f"{count:,} instances"


def _views(asked: InstancesQuery, saved: View | None) -> list[tuple[str, str, bool]]:
    """(what it is called, its address, whether it is this one), of those that are always there."""
    return [
        (title, _address(asked, view=name, q="", saved="", cursor=""), name == asked.view and saved is None)
        for name, title in BASES.items()
    ]


def address_of(view: View) -> str:
    """The page as the view has it; columns that the page has not are left out."""
    columns = [name for name, called in CALLED.items() if called in view.columns]
    base = view.base.value if view.base else ""
    return link("/", q=view.q, view=base, all=view.everything and "true", columns=columns, saved=view.name)


def same(view: View, asked: InstancesQuery) -> bool:
    """Is it shown as it was saved, as far as the page can?"""
    here = asked.as_view(view.name)
    known = frozenset(view.columns) & frozenset(CALLED.values())
    return here.shows == (view.q, view.base, view.everything, known)


def _state(asked: InstancesQuery) -> dict[str, Any]:
    """What a cursor belongs to."""
    return {"page": "instances", "q": asked.q, "view": asked.view, "all": asked.all}


def _address(asked: InstancesQuery, **changed: Any) -> str:
    """This page with something else; what is changed begins on its first page."""
    return link("/", **(asked.model_dump(exclude={"cursor"}) | changed))


def _also(q: str, key: str, value: str) -> str:
    """The filter with this value beside the others; another value of the same key takes its place."""
    kept = [word for word in words_of(q) if not word.startswith(f"{key}=")]
    return shlex.join([*kept, f"{key}={value}"])


def _without(q: str, index: int) -> str:
    words = words_of(q)
    return shlex.join(word for i, word in enumerate(words) if i != index)
