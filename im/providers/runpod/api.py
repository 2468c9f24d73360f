"""RunPod's REST API v2: where it is, how often it may be asked, and what it means by a refusal.

https://docs.runpod.io/api-reference-v2 (description 2.0.0). It does not say whose a key is; GraphQL, which takes the same, does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from im.providers import errors as e
from im.providers.errors import ProviderError
from im.providers.kit.http import Answer, JsonApi
from im.providers.kit.text import scrubbed
from im.providers.runpod.account import URL

CLOUD = "RunPod"
_FULL = re.compile(
    r"no longer any instances available|not enough free|no (?:available )?(?:capacity|gpus?|machines?)\b"
    r"|insufficient capacity|out of stock|could not be placed|currently unavailable",
    re.IGNORECASE,
)
"""Want of room has no code of its own: these are the words of 2023 to 2026 (runpodctl#189, runpod-python#168)."""


def translate(answer: Answer, mutating: bool) -> ProviderError | None:
    """None where the status alone decides."""
    message = f"{CLOUD}: {_said(answer)}"
    match answer.status:
        case 400:
            return (e.NoCapacity if _FULL.search(message) else e.InvalidSpec)(message)
        case 402:
            return e.QuotaExceeded(f"{message}; add credit in RunPod's console")
        case 405:
            return e.Unsupported(message)
        case 429:
            return e.Throttled(message, retry_after=answer.retry_after)
        case status if status >= 500:
            # RunPod has answered so after a pod was made (transformerlab-app#2305), whatever its manual says of asking again
            return e.Ambiguous(message) if mutating else e.Unavailable(message, retry_after=answer.retry_after)
    known = {401: e.Unauthenticated, 403: e.Forbidden, 404: e.NotFound, 409: e.WrongState, 422: e.InvalidSpec}
    return known[answer.status](message) if answer.status in known else None


def _said(answer: Answer) -> str:
    """`detail` of a problem+json, and what its schema minds."""
    body = answer.body if isinstance(answer.body, dict) else {}
    told = [str(body.get("detail") or body.get("title") or ""), *map(str, (body.get("errors") or ())[:3])]
    return scrubbed("; ".join(filter(None, told))) or f"status {answer.status}"


class RunPodApi:
    """Calls of one key."""

    def __init__(self, token: Callable[[], str], url: str = "") -> None:
        """`token` is asked for each call: whoever exchanges it need not start a worker again."""
        self._json = JsonApi(url or URL, lambda: {"Authorization": f"Bearer {token()}"}, translate, CLOUD)
        self._token = token

    def get(self, path: str, query: Mapping[str, Any] | None = None) -> Answer:
        """A JSON object. Raises Unavailable for anything else."""
        self._check_key()
        answer = self._json.get(f"/v2{path}", query)
        if not isinstance(answer.body, dict):
            raise e.Unavailable(f"{CLOUD} sent an answer that cannot be read")
        return answer

    def listed(self, path: str, what: str, query: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        return self.rows(self.get(path, query), what)

    @staticmethod
    def rows(answer: Answer, what: str) -> list[dict[str, Any]]:
        """Raises Unavailable where there is no list: what cannot be read proves nothing."""
        found = answer.body.get(what)
        if not isinstance(found, list):
            raise e.Unavailable(f"{CLOUD} sent no list of {what}")
        return found

    def send(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """What it answered; empty where that is no JSON object."""
        self._check_key()
        told = self._json.send(method, f"/v2{path}", body).body
        return told if isinstance(told, dict) else {}

    def user(self) -> str:
        """The id of the user or team that the key belongs to, by the API before this one."""
        self._check_key()
        try:
            told = self._json.send("POST", "/graphql", {"query": "query { myself { id } }"}).body
        except e.Ambiguous as exc:
            raise e.Unavailable(exc.message) from exc  # a question that changes nothing
        mine = (told.get("data") or {}).get("myself") if isinstance(told, dict) else None
        if not isinstance(mine, dict) or not mine.get("id"):
            raise e.Unavailable(f"{CLOUD} does not say whose this API key is")
        return str(mine["id"])

    def _check_key(self) -> None:
        if not self._token():
            raise e.Unauthenticated("no API key of RunPod's is known to this worker: set RUNPOD_API_KEY there")
