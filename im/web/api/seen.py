"""Rows as an asker may see them, and as they are answered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Header, Path, Query
from starlette.responses import Response

from im.domain.instance import Instance
from im.services import queries
from im.services.money.costs import costs
from im.services.requests.result import Answer, Change
from im.views.change import answer_json
from im.views.instance import instances_json
from im.web.answers import JSONResponse
from im.web.api.asker import Asker
from im.web.api.forms import WORD
from im.web.api.problem import answers

Id = Annotated[
    str,
    Path(
        pattern=WORD,
        description="Its name, our id or the cloud's, unless a slash is in that.",
    ),
]
Key = Annotated[str | None, Header(pattern=r"^[\x21-\x7e]{1,200}$", description="The same key: the same request.")]
Match = Annotated[str | None, Header(max_length=60, pattern=r'^(\*|(W/)?"[0-9]{1,10}")$')]
DryRun = Annotated[bool, Query(description="Say what it would come to, and store nothing.")]
CHANGED = answers(401, 403, 404, 409, 412, 422, 429, 503)
SEEN = answers(401, 403, 404, 422, 429, 503)
UNCHANGED: dict[int | str, dict[str, Any]] = {304: {"description": "As `If-None-Match` has it."}}
Answered = tuple[int, dict[str, Any]]


def one(asker: Asker, name: str) -> tuple[Instance, datetime]:
    """Raises NoSuchInstance also for one that the asker may not see: whether it exists is for others to know."""
    rows, now = several(asker, [name])
    return rows[0], now


def several(asker: Asker, names: Sequence[str]) -> tuple[Sequence[Instance], datetime]:
    found = queries.resolve(asker.ctx, list(dict.fromkeys(names)), asker.seen_owners)
    return found.rows, found.now


def document(asker: Asker, row: Instance, now: datetime) -> dict[str, Any]:
    return documents(asker, [row], now)[0]


def documents(asker: Asker, rows: Sequence[Instance], now: datetime) -> list[dict[str, Any]]:
    money, sandbox = costs(asker.ctx, rows, now), asker.ctx.settings.sandbox
    return instances_json(rows, now, sandbox=sandbox, costs=money)


def changes(asker: Asker, answer: Answer) -> dict[str, Any]:
    """What a request has changed, by its own words."""
    money = costs(asker.ctx, [change.after for change in answer.changes], answer.now)
    return answer_json(answer, sandbox=asker.ctx.settings.sandbox, costs=money)


def as_they_are(asker: Asker, ids: list[str]) -> Answered:
    """What was answered once, made anew: the rows as they are by now."""
    found = queries.by_ids(asker.ctx, ids)
    return HTTPStatus.ACCEPTED, changes(asker, Answer(tuple(Change(None, row) for row in found.rows), found.now, True))


def etag(row: Instance) -> str:
    """Its generation, which counts requests."""
    return f'"{row.generation}"'


def matches(header: str, row: Instance) -> bool:
    return header == "*" or header.removeprefix("W/") == etag(row)


def with_etag(body: dict[str, Any], row: Instance) -> Response:
    return JSONResponse(body, headers={"ETag": etag(row)})
