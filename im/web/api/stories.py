"""What is told of one instance: its history, why it is as it is, and the end of a request."""

from __future__ import annotations

import time
from typing import Annotated

from anyio import sleep
from anyio.to_thread import run_sync
from fastapi import APIRouter, Query
from starlette.responses import Response

from im.domain.errors import ImError
from im.domain.explain.phase import phase
from im.services import queries
from im.services.explained import explained
from im.services.requests.ending import Goal, aim, judge
from im.views.event import event_json
from im.views.guard import guard_json
from im.views.times import utc
from im.views.why import why_json
from im.web.answers import JSONResponse
from im.web.api.asker import Asking
from im.web.api.documents import EventsDocument, GuardDocument, WaitDocument, WhyDocument
from im.web.api.forms import WaitQuery
from im.web.api.seen import SEEN, Id, document, one

router = APIRouter(prefix="/api/v1/instances/{name}", tags=["stories"])
LOOK_EVERY = 0.3


@router.get("/events", operation_id="list_events", response_model=EventsDocument, responses=SEEN)
def list_events(asker: Asking, name: Id) -> Response:
    """What happened to it, when, by whose hand and by which way."""
    row, _ = one(asker, name)
    return JSONResponse({"items": [event_json(event) for event in queries.history(asker.ctx, row.id)]})


@router.get("/guard", operation_id="get_guard", response_model=GuardDocument | None, responses=SEEN)
def get_guard(asker: Asking, name: Id) -> Response:
    """What the cloud does by itself after the deadline; null where nobody asked for that."""
    row, _ = one(asker, name)
    return JSONResponse(guard_json(queries.guard(asker.ctx, row.id)))


@router.get("/why", operation_id="explain_instance", response_model=WhyDocument, responses=SEEN)
def explain_instance(asker: Asking, name: Id) -> Response:
    """Why it is in its state, and what happens next."""
    row, now = one(asker, name)
    told = explained(asker.ctx, row, now)
    return JSONResponse(why_json(row, told, now, sandbox=asker.ctx.settings.sandbox))


@router.get("/wait", operation_id="wait_for_instance", response_model=WaitDocument, responses=SEEN)
async def wait_for_instance(asker: Asking, name: Id, asked: Annotated[WaitQuery, Query()]) -> Response:
    """Wait until what was asked for has ended, well or not, or its status is another than `status`, or the time is over.

    The work goes on all the same.
    """
    # between two looks no thread is held: there are few, and whoever waits would keep the others from being served
    row, now = await run_sync(one, asker, name)
    goal = Goal(row.id, asked.generation or row.generation, asked.desired or row.desired)
    began, unknown = time.monotonic(), dict[str, float]()
    ends: dict[str, ImError | None] = {}
    while True:
        goal = aim(goal, row)
        judge(ends, goal, row, unknown, time.monotonic())
        changed = asked.status is not None and asked.status != phase(row, now).word
        if row.id in ends or changed or time.monotonic() - began >= asked.timeout:
            break
        await sleep(LOOK_EVERY)
        row, now = await run_sync(one, asker, row.id)
    error = ends.get(row.id)
    told = {
        "settled": row.id in ends,
        "error": error.message if error else None,
        "now": utc(now),
        "instance": await run_sync(document, asker, row, now),
    }
    return JSONResponse(told)
