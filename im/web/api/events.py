"""What happened anywhere in the fleet, page by page: only of instances that the asker may see, as they are owned now."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from im.db.read.history import Sought
from im.domain.errors import NoSuchInstance, Refused
from im.services import queries
from im.views.event import event_json
from im.web.answers import JSONResponse
from im.web.api import cursor
from im.web.api.asker import Asker, Asking
from im.web.api.documents import FleetEventsDocument
from im.web.api.forms import Form, Moment, Text, Word
from im.web.api.seen import SEEN

router = APIRouter(prefix="/api/v1", tags=["events"])


class EventsQuery(Form):
    """Which lines of the history, and which page of them."""

    limit: int = Field(default=50, ge=1, le=200)
    cursor: Annotated[str, Field(min_length=1, max_length=400, pattern=r"^[A-Za-z0-9_-]+$")] | None = None
    instance: Word | None = None
    actor: Text | None = None
    kind: Text | None = Field(default=None, description="As an event has it: `extended`, `stopped`, `expired`.")
    since: Moment | None = None


@router.get("/events", operation_id="list_fleet_events", response_model=FleetEventsDocument, responses=SEEN)
def list_fleet_events(asker: Asking, request: Request, asked: Annotated[EventsQuery, Query()]) -> Response:
    """What happened, when, to which instance, by whose hand and by which way; the newest first."""
    told = asked.model_dump(exclude={"limit", "cursor"}, exclude_none=True)
    before = int(_number(asked.cursor, told)) if asked.cursor else None
    lines = queries.happened(asker.ctx, _sought(asker, asked), before, asked.limit + 1)
    shown = lines[: asked.limit]
    following = None
    if len(lines) > len(shown):
        following = cursor.write((False, shown[-1].event.at, str(shown[-1].number)), told)
    items = [{"instance": {"id": one.event.instance_id, "name": one.name}, **event_json(one.event)} for one in shown]
    answer = JSONResponse({"items": items, "next": following})
    if following:
        url = request.url.include_query_params(cursor=following)
        answer.headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
    return answer


def _number(given: str, question: dict[str, object]) -> str:
    _, _, number = cursor.read(given, question)
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        raise Refused("that cursor is none of ours", "take `next` of the page before as it is")
    return number


def _sought(asker: Asker, asked: EventsQuery) -> Sought:
    if asked.since is not None and asked.since.tzinfo is None:
        raise Refused("`since` has no offset from UTC", "write it like 2030-01-31T18:00:00Z")
    ids = None
    if asked.instance is not None:
        # all that ever had that name: a name is free again when its machine is gone
        ids = [row.id for row in queries.meant(asker.ctx, asked.instance) if asker.sees(row)]
        if not ids:
            raise NoSuchInstance(
                f"there is no instance '{asked.instance}'", "GET /api/v1/instances?all=true  shows what there was"
            )
    return Sought(asker.seen_owners, ids, asked.actor, asked.kind, asked.since)
