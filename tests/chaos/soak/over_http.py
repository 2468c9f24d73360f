"""The same requests over the API of one of the room's pages: whichever of the two answers, of whichever version it is."""

from __future__ import annotations

import json
from datetime import datetime
from http.client import HTTPConnection, HTTPException
from random import Random
from typing import TYPE_CHECKING, Any

from tests.chaos.soak.room import REGION
from tests.providers.clouds import public_key

if TYPE_CHECKING:
    from tests.chaos.soak.clients import Pool
    from tests.chaos.soak.versions import Versions

_WITHIN = 60.0


def ask(
    versions: Versions, pool: Pool, rng: Random, verb: str, ids: list[str], count: int, span: float
) -> dict[str, Any]:
    """What was answered, as a client's ledger has it."""
    name = rng.choice(list(versions.ports))
    told = {"through": f"a page of {'the version before' if name in versions.old else 'this version'}"}
    form: dict[str, Any] = {"duration": f"{round(span)}s"} if verb in ("create", "extend", "start") else {}
    path = "instances"
    if verb == "create":
        form |= {"count": count, "public_key": public_key(), "availability_zone": REGION + rng.choice("aab")}
    else:
        path += f"/{ids[0]}/{verb}"
    try:
        status, body = _send(versions.ports[name], versions.token, path, form)
    except (OSError, HTTPException, ValueError) as exc:
        return {**told, "is": "unknown", "why": f"{type(exc).__name__}: {exc}"[:200]}
    if status >= 400:
        if verb != "create" and status in (404, 409, 422):
            pool.forget(ids[:1])
        return {**told, "is": "refused" if status < 500 else "unknown", "why": f"{status}: {body}"[:300]}
    items = body.get("items", [body])
    for one in items:
        pool.know(one["id"], one["desired"], datetime.fromisoformat(one["expires_at"]))
    rows = [[one["id"], one["generation"], one["desired"], one["expires_at"]] for one in items]
    return {**told, "is": "acknowledged", "rows": rows, "rang": body.get("rang", True)}


def _send(port: int, token: str, path: str, form: dict[str, Any]) -> tuple[int, Any]:
    connection = HTTPConnection("127.0.0.1", port, timeout=_WITHIN)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    try:
        connection.request("POST", f"/api/v1/{path}", json.dumps(form), headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()
