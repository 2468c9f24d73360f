"""One's own views on the page: what is shown is saved under a name, renamed, deleted."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Query
from fastapi import Form as FormBody
from pydantic import Field
from starlette.responses import Response

from im.domain.errors import ImError, NoSuchView, OverLimit, Refused, ViewTaken
from im.domain.people.view import NAME, wrong_with
from im.services.people import views
from im.web.api.forms import Form
from im.web.api.problem import status_of
from im.web.page.instances import BASES, COLUMNS, InstancesQuery, address_of
from im.web.page.site import Visit, Visiting
from im.web.sign_in.destination import own_path

router = APIRouter(prefix="/views", include_in_schema=False)
Called = Annotated[str, Field(max_length=4 * NAME)]


class SaveForm(InstancesQuery):
    name: Called = ""
    over: Called = ""
    """The view that may be saved over: it was said that there is one."""


class RenameForm(Form):
    name: Called
    to: Called = ""


class DeleteForm(Form):
    name: Called


@router.get("")
def show_views(visit: Visiting) -> Response:
    return _show_all(visit)


def _show_all(visit: Visit, *, status: int = 200, name: str = "", wrong: ImError | None = None) -> Response:
    """`name`: of which `wrong` is said."""
    own = views.listed(visit.asker.ctx, visit.asker.actor.name)
    lines = [(view, address_of(view), wrong_with(view)) for view in own]
    return visit.show("views.html", status=status, lines=lines, name=name, wrong=wrong)


@router.get("/save")
def show_save(visit: Visiting, asked: Annotated[InstancesQuery, Query()]) -> Response:
    """Under which name? The one that it came from is offered, and saved over."""
    own = {view.name for view in views.listed(visit.asker.ctx, visit.asker.actor.name)}
    came = asked.saved if asked.saved in own else ""
    return _show_save(visit, SaveForm(**asked.model_dump(exclude={"cursor"}), name=came, over=came))


def _show_save(visit: Visit, typed: SaveForm, *, status: int = 200, wrong: ImError | None = None) -> Response:
    told: dict[str, Any] = {
        "typed": typed,
        "base": BASES[typed.view],
        "shown": [COLUMNS[name] for name in COLUMNS if name in typed.columns],
        "wrong": wrong,
        "taken": isinstance(wrong, ViewTaken),
    }
    return visit.show("view_save.html", status=status, **told)


@router.post("/save")
def save_view(visit: Visiting, typed: Annotated[SaveForm, FormBody()]) -> Response:
    """One of that name is saved over by who has been told of it."""
    name = typed.name.strip()
    try:
        made = views.save(
            visit.asker.ctx, typed.as_view(name), over=bool(name) and name == typed.over, actor=visit.asker.actor
        )
    except ViewTaken as exc:
        return _show_save(visit, typed.model_copy(update={"over": name}), status=status_of(exc), wrong=exc)
    except (Refused, OverLimit) as exc:
        return _show_save(visit, typed, status=status_of(exc), wrong=exc)
    return visit.go(address_of(made))


@router.post("/rename")
def rename_view(visit: Visiting, form: Annotated[RenameForm, FormBody()]) -> Response:
    try:
        made = views.rename(visit.asker.ctx, form.name, form.to, actor=visit.asker.actor)
    except (Refused, NoSuchView) as exc:
        return _show_all(visit, status=status_of(exc), name=form.name, wrong=exc)
    return visit.go(address_of(made))


@router.post("/delete")
def delete_view(visit: Visiting, form: Annotated[DeleteForm, FormBody()]) -> Response:
    try:
        views.remove(visit.asker.ctx, form.name, actor=visit.asker.actor)
    except NoSuchView as exc:
        return _show_all(visit, status=status_of(exc), name=form.name, wrong=exc)
    return visit.go(_beneath(visit))


def _beneath(visit: Visit) -> str:
    """The page that the dialog lies on; the first one without a dialog."""
    shown = urlsplit(visit.request.headers.get("hx-current-url", "") if visit.partly else "")
    return own_path(f"{shown.path}?{shown.query}" if shown.query else shown.path)
