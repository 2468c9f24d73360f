"""Views that one has saved: a filter with its columns under a name, nobody's but one's own."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field
from starlette.responses import Response

from im.domain.people.view import FILTER, NAME, Base, View
from im.services.people import views
from im.views.user import view_json
from im.web.answers import JSONResponse
from im.web.api.asker import Asking
from im.web.api.forms import Flag, Form, Text
from im.web.api.people.documents import ViewDocument, ViewsDocument
from im.web.api.people.users import CHANGE, LOOK
from im.web.api.problem import answers

router = APIRouter(prefix="/api/v1", tags=["people"])
SHOWN = r"^[^/\x00-\x1f\x7f]+$"
Name = Annotated[str, Path(pattern=SHOWN, max_length=NAME)]


class ViewForm(Form):
    """What is left out narrows nothing; without columns they are the usual ones."""

    q: Annotated[str, Field(max_length=FILTER)] = Field(default="", description="A filter, as a list takes it.")
    base: Base | None = Field(default=None, description="The view that it narrows, of those that are always there.")
    all: Flag = Field(default=False, description="Those that are gone too.")
    columns: list[Text] = Field(default=[], max_length=30, description="As `im list -c` calls them.")


class ViewChange(Form):
    name: Annotated[str, Field(pattern=SHOWN, min_length=1, max_length=NAME)] = Field(
        description="Its name from now on."
    )


@router.get("/views", operation_id="list_views", response_model=ViewsDocument, responses=LOOK)
def list_views(asker: Asking) -> Response:
    """Yours, by name. Those that are always there are `mine`, `soon`, `overdue` and `failed`."""
    return JSONResponse({"items": [view_json(view) for view in views.listed(asker.ctx, asker.actor.name)]})


@router.put("/views/{name}", operation_id="set_view", response_model=ViewDocument, responses=CHANGE)
def set_view(asker: Asking, name: Name, form: ViewForm) -> Response:
    """Save one, in place of the one of that name."""
    columns = tuple(dict.fromkeys(column.lower() for column in form.columns))
    wanted = View(name, form.q.strip(), form.base, form.all, columns)
    return JSONResponse(view_json(views.save(asker.ctx, wanted, actor=asker.actor)))


@router.patch(
    "/views/{name}", operation_id="rename_view", response_model=ViewDocument, responses={**CHANGE, **answers(409)}
)
def rename_view(asker: Asking, name: Name, form: ViewChange) -> Response:
    """Call it something else. A name that another of yours has is refused."""
    return JSONResponse(view_json(views.rename(asker.ctx, name, form.name, actor=asker.actor)))


@router.delete("/views/{name}", operation_id="remove_view", status_code=204, responses=CHANGE)
def remove_view(asker: Asking, name: Name) -> Response:
    """Delete it; instances stay as they are."""
    views.remove(asker.ctx, name, actor=asker.actor)
    return Response(status_code=204)
