"""The first page: which instances there are, the soonest deadline first. Its address holds all of its state."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from im.db.read.instances import Wanted
from im.domain.errors import Refused
from im.domain.explain.phase import Tone, phase
from im.domain.instance import Instance
from im.domain.selection import Filter
from im.domain.state import ALIVE
from im.services import pages
from im.services.money.costs import costs
from im.web.api import cursor
from im.web.api.forms import Form
from im.web.page.shown import shown
from im.web.page.site import Visit, Visiting, link

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


@router.get("/")
def show_instances(visit: Visiting, asked: Annotated[InstancesQuery, Query()]) -> Response:
    columns = [name for name in COLUMNS if name in (asked.columns or USUAL)]
    told: dict[str, Any] = {
        "asked": asked,
        "chosen": columns,
        "columns": COLUMNS,
        "address": lambda **changed: _address(asked, **changed),
        "also": lambda key, value: _also(asked.q, key, value),
        "quoted": shlex.quote,
        "views": _views(asked),
    }
    try:
        filters = pages.parse_filters(asked.q)
    except Refused as exc:
        return visit.show(
            "instances.html", status=422, **told, rows=[], next=None, chips=[], cli="", count="", wrong=exc
        )
    found, count = _found(visit, asked, filters)
    money = costs(visit.asker.ctx, found.rows)
    following = cursor.write(found.next, _state(asked)) if found.next else None
    return visit.show(
        "instances.html",
        now=found.now,
        seen=found.rows,
        **told,
        rows=shown(found.rows, found.now, money, visit.asker.actor),
        next=_address(asked, cursor=following) if following else None,
        chips=[(one, _address(asked, q=_without(asked.q, i))) for i, one in enumerate(filters)],
        cli=_command(asked, filters),
        count=count,
        wrong=None,
    )


def _found(visit: Visit, asked: InstancesQuery, filters: tuple[Filter, ...]) -> tuple[pages.Page, str]:
    """The rows of one page, and how many there are in words."""
    asker, me = visit.asker, visit.asker.actor.name
    question = question_of(visit, asked.q, asked.view, everything=asked.all)
    after = cursor.read(asked.cursor, _state(asked)) if asked.cursor else None
    found = pages.page(asker.ctx, question, after, 50, me)
    return found, _counted(pages.count(asker.ctx, question, found, first=after is None))


def question_of(visit: Visit, q: str, view: str, *, everything: bool = False) -> pages.Question:
    """What the page and a change of all that it finds mean by the same words. Raises Refused."""
    me, filters = visit.asker.actor.name, list(pages.parse_filters(q))
    if view == "mine":
        filters.append(Filter("owner", "me"))
    wanted = Wanted(everything=everything, owners=visit.asker.seen_owners)
    if view in ("soon", "overdue"):
        wanted = replace(wanted, expires_before=visit.now + SOON if view == "soon" else visit.now)
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
