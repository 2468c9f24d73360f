"""`Idempotency-Key`: the same request again has the same answer, and is done once.

The key is a row in the transaction of the request itself, so that neither is there without the other. Two requests at the same
instant wait for each other there. What was answered is kept afterwards; where a process died in between, the answer is made
anew from the rows that the history says the request has changed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from im.db.people import idempotency
from im.domain.errors import ImError
from im.web.answers import JSONResponse
from im.web.api.asker import Asker
from im.web.api.problem import problem

if TYPE_CHECKING:
    from sqlalchemy import Connection


class _Replayed(Exception):
    """Somebody has the key already; nothing of this request was stored."""


def once(
    asker: Asker,
    key: str | None,
    asked: object,
    request: Callable[[Asker], tuple[int, dict[str, Any]]],
    again: Callable[[Asker, list[str]], tuple[int, dict[str, Any]]],
) -> Response:
    """The answer of `request`, which is done once for a key; `again` makes it from the ids that were changed."""
    if key is None:
        status, body = request(asker)
        return JSONResponse(body, status_code=status)
    actor = asker.actor
    digest = hashlib.sha256(json.dumps(asked, sort_keys=True, default=str).encode()).hexdigest()

    def beside(connection: Connection) -> None:
        now = asker.ctx.clock(connection)
        if not idempotency.claim(connection, actor.name, key, digest, actor.request_id, now):
            raise _Replayed

    try:
        status, body = request(replace(asker, ctx=replace(asker.ctx, beside=beside)))
    except _Replayed:
        return _replay(asker, key, digest, again)
    except ImError:
        # an error that came before the transaction may hide that this was done already: the first answer counts
        if _kept(asker, key) is not None:
            return _replay(asker, key, digest, again)
        raise
    answer = json.dumps(body, ensure_ascii=False, separators=(",", ":"))  # as JSONResponse writes it
    with asker.ctx.begin() as connection:
        idempotency.answered(connection, actor.name, key, status, answer)
    return Response(answer, status_code=status, media_type="application/json")


def _kept(asker: Asker, key: str) -> idempotency.Kept | None:
    with asker.ctx.begin() as connection:
        return idempotency.read(connection, asker.actor.name, key, asker.ctx.clock(connection))


def _replay(
    asker: Asker, key: str, digest: str, again: Callable[[Asker, list[str]], tuple[int, dict[str, Any]]]
) -> Response:
    kept = _kept(asker, key)
    request_id = asker.actor.request_id
    if kept is None:  # it was over in that very moment
        return problem(409, "in_progress", "a request with that key is just ending", "send it again", request_id)
    if kept.digest != digest:
        told = "that key belongs to another request, with another body"
        return problem(422, "key_reused", told, "take a new Idempotency-Key for a new request", request_id)
    headers = {"Idempotent-Replayed": "true"}
    if kept.status is not None and kept.answer is not None:
        return Response(kept.answer, status_code=kept.status, media_type="application/json", headers=headers)
    with asker.ctx.begin() as connection:
        ids = idempotency.touched(connection, kept.request_id)
    status, body = again(asker, ids)
    return JSONResponse(body, status_code=status, headers=headers)
