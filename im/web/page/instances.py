"""The first page: which instances there are, the soonest deadline first. Its address holds all of its state."""

from __future__ import annotations

import shlex
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Annotated, Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from im.db.read.instances import Wanted
from im.domain.errors import Refused
from im.domain.explain.phase import Tone, phase
from im.domain.instance import Instance
from im.domain.selection import Filter
from im.domain.state import ALIVE
from im.services import pages
from im.services.money.costs import costs
from im.views.cost import Costs
from im.web.api import cursor
from im.web.api.asker import Asker, Asking
from im.web.api.forms import Form
from im.web.api.stream import Watch
from im.web.page import live
from im.web.page.look import Look
from im.web.page.shown import Shown, shown
from im.web.page.site import Visit, answer, link, render, visit_of

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
SOON = timedelta(hours=2)


class InstancesQuery(Form):
    """What the address of the page says; a stranger's link is answered with the nearest that makes sense."""

    q: Annotated[str, Field(max_length=500)] = ""
    view: Annotated[str, Field(pattern="^(mine|soon|overdue|failed|)$")] = ""
    all: bool = False
    columns: list[Annotated[str, Field(max_length=20)]] = Field(default=[], max_length=20)
    cursor: Annotated[str, Field(max_length=400, pattern=r"^[A-Za-z0-9_-]*$")] = ""


@dataclass(frozen=True, slots=True)
class _Judged:
    """A view that no filter of the grammar says."""

    name: str

    def admits(self, row: Instance, now: datetime, me: str) -> bool:
        if self.name == "failed":
            return phase(row, now).tone is Tone.BAD
        return row.observed in ALIVE


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
        told = {**found.told, "views": _views(asked), "rows": _rows(found, asker)}
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
        told = {**found.told, "now": found.now, "rows": _rows(found, asker)}
        found.texts[rights] = render("parts/found.html", look, told)
    return answer(found.texts[rights], found.status)


def _moment(found: _Answer) -> tuple[_Answer, datetime]:
    return found, found.now


def _rows(found: _Answer, asker: Asker) -> list[Shown]:
    return shown(found.rows, found.now, found.costs, asker.actor)


def _answer(visit: Visit, asked: InstancesQuery) -> _Answer:
    """What the page tells, whoever of those that may see it looks."""
    told: dict[str, Any] = {
        "asked": asked,
        "here": visit.here,
        "chosen": [name for name in COLUMNS if name in (asked.columns or USUAL)],
        "columns": COLUMNS,
        # of fifty rows most have the same type, zone, owner and state
        "address": cache(lambda **changed: _address(asked, **changed)),
        "also": cache(lambda key, value: _also(asked.q, key, value)),
        "quoted": shlex.quote,
    }
    try:
        filters = pages.parse_filters(asked.q)
    except Refused as exc:
        told |= {"warnings": visit.warnings(), "next": None, "chips": [], "cli": "", "count": "", "wrong": exc}
        return _Answer(told, visit.now)
    found, count = _found(visit.asker, visit.now, asked)
    told |= {
        "warnings": visit.warnings(found.rows),
        "next": _address(asked, cursor=cursor.write(found.next, _state(asked))) if found.next else None,
        "chips": [(one, _address(asked, q=_without(asked.q, i))) for i, one in enumerate(filters)],
        "cli": _command(asked, filters),
        "count": count,
        "wrong": None,
    }
    return _Answer(told, found.now, found.rows, costs(visit.asker.ctx, found.rows))


def _found(asker: Asker, now: datetime, asked: InstancesQuery) -> tuple[pages.Page, str]:
    """The rows of one page, and how many there are in words."""
    question = question_of(asker, now, asked.q, asked.view, everything=asked.all)
    after = cursor.read(asked.cursor, _state(asked)) if asked.cursor else None
    found = pages.page(asker.ctx, question, after, 50, asker.actor.name)
    return found, _counted(pages.count(asker.ctx, question, found, first=after is None))


def watched(address: str) -> Watch | None:
    """How to see whether the list at this address has changed; None where it is no list's."""
    path, _, query = address.partition("?")
    given = {name: values[-1] for name, values in parse_qs(query).items() if name in ("q", "view", "all", "cursor")}
    try:
        asked = InstancesQuery.model_validate(given)
        pages.parse_filters(asked.q)
    except (ValueError, Refused):
        return None
    if path != "/":
        return None

    def look(asker: Asker) -> object:
        with asker.ctx.looking() as connection:
            now = asker.ctx.clock(connection)
        found, count = _found(asker, now, asked)
        return found.rows, found.next is None, count

    return Watch(lambda asker: (tuple(sorted(given.items())), _whose(asker, asked)), look)


def _whose(asker: Asker, asked: InstancesQuery) -> Hashable:
    """What a list depends on of its reader; their name only where the question has their own in it."""
    return asker.seen_owners, asker.actor.name if asked.view == "mine" or "me" in asked.q else ""


def question_of(asker: Asker, now: datetime, q: str, view: str, *, everything: bool = False) -> pages.Question:
    """What the page and a change of all that it finds mean by the same words. Raises Refused."""
    me, filters = asker.actor.name, list(pages.parse_filters(q))
    if view == "mine":
        filters.append(Filter("owner", "me"))
    wanted = Wanted(everything=everything, owners=asker.seen_owners)
    if view in ("soon", "overdue"):
        wanted = replace(wanted, expires_before=now + SOON if view == "soon" else now)
    question = pages.question(filters, wanted, me)
    if view in ("soon", "overdue", "failed"):
        question = replace(question, filters=(*question.filters, _Judged(view)))
    return question


def _command(asked: InstancesQuery, filters: Sequence[Filter]) -> str:
    """The same on the command line; empty for a view that no filter says."""
    if asked.view not in ("", "mine"):
        return ""
    told = [*filters, *([Filter("owner", "me")] if asked.view else [])]
    return " ".join(
        [
            "im list",
            *(["--all"] if asked.all else []),
            *(f"--filter {shlex.quote(f'{one.key}={one.value}')}" for one in told),
        ]
    )


def _counted(count: int | None) -> str:
    if count is None:
        return "more than one page"
    return "1 instance" if count == 1 else f"{count:,} instances"


def _views(asked: InstancesQuery) -> list[tuple[str, str, bool]]:
    """(what it is called, its address, whether it is this one)."""
    known = (
        ("", "Everybody"),
        ("mine", "Mine"),
        ("soon", "Ends within 2 h"),
        ("overdue", "Overdue"),
        ("failed", "Failed"),
    )
    return [(title, _address(asked, view=name, q="", cursor=""), name == asked.view) for name, title in known]


def _state(asked: InstancesQuery) -> dict[str, Any]:
    """What a cursor belongs to."""
    return {"page": "instances", "q": asked.q, "view": asked.view, "all": asked.all}


def _address(asked: InstancesQuery, **changed: Any) -> str:
    """This page with something else; what is changed begins on its first page."""
    return link("/", **(asked.model_dump(exclude={"cursor"}) | changed))


def _also(q: str, key: str, value: str) -> str:
    """The filter with this value beside the others; another value of the same key takes its place."""
    kept = [word for word in pages.words_of(q) if not word.startswith(f"{key}=")]
    return shlex.join([*kept, f"{key}={value}"])


def _without(q: str, index: int) -> str:
    words = pages.words_of(q)
    return shlex.join(word for i, word in enumerate(words) if i != index)
