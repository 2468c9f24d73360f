"""Vast's API: where it is, how often each of its calls may be made, and what its words mean (https://docs.vast.ai/api-reference).

It says no in many ways: by a status, by `success: false` under 200, by a word under `error` and by a sentence under `msg`. And
it may say no and have made an instance all the same, which then is named by `new_contract` and charged for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from im.providers import errors as e
from im.providers.errors import ProviderError
from im.providers.kit.http import Answer, JsonApi, by_status
from im.providers.kit.pace import Pace
from im.providers.kit.text import scrubbed

CLOUD = "Vast"
URL = "https://console.vast.ai"
SEARCH, TAKE, LIST, CHANGE, DESTROY, OTHER = "search", "take", "list", "change", "destroy", "other"
EVERY = {SEARCH: 1.0, TAKE: 4.6, LIST: 1.1, CHANGE: 1.1, DESTROY: 3.1, OTHER: 1.1}
"""Seconds between two calls of a kind, a little more than the description of the API says."""
PATIENCE = 7.0
PAGE = 25
"""Instances in one answer, at most."""
_TRIES = 3
_WAIT = re.compile(r"threshold=(\d+(?:\.\d+)?)")
_WORDS: Mapping[str, type[ProviderError]] = {
    "auth_error": e.Unauthenticated,
    "no_such_ask": e.NoCapacity,
    "invalid_price": e.NoCapacity,
    "no_ssh_key_for_vm": e.InvalidSpec,
    "not_found": e.NotFound,
    "no_such_instance": e.NotFound,
}


class MadeNevertheless(e.NoCapacity):
    """Refused, and an instance is there all the same: `contract` is its id."""

    def __init__(self, message: str, contract: str) -> None:
        super().__init__(message)
        self.contract = contract


def translate(answer: Answer, mutating: bool) -> ProviderError | None:
    """One table; None for what is not in it: then the status decides."""
    body = answer.body if isinstance(answer.body, dict) else {}
    word, msg = str(body.get("error") or ""), str(body.get("msg") or body.get("detail") or "")
    message = f"{CLOUD}: {scrubbed(msg or word) or f'status {answer.status}'}"
    if contract := body.get("new_contract"):
        return MadeNevertheless(message, str(contract))
    if answer.status == 429:
        return e.Throttled(message, retry_after=answer.retry_after or _threshold(msg))
    if "invalid user key" in msg.lower():
        return e.Unauthenticated(message)  # also under 404
    if "no_such_ask" in msg or "is not available" in msg:
        return e.NoCapacity(message)
    if "credit" in msg.lower() or answer.status == 402:
        return e.QuotaExceeded(message)
    if word in _WORDS:
        return _WORDS[word](message)
    if answer.status == 403 and "not your own" in msg:
        return e.InvalidSpec(message)
    if answer.status in (404, 410) and "instance" in msg.lower():
        return e.NotFound(message)
    if answer.status >= 500:
        return e.Ambiguous(message) if mutating else e.Unavailable(message)
    return None


def _threshold(msg: str) -> timedelta | None:
    found = _WAIT.search(msg)
    return timedelta(seconds=float(found[1])) if found else None


class VastApi:
    """Calls of one account."""

    def __init__(self, token: Callable[[], str], url: str = URL, pace: Pace | None = None) -> None:
        """`token` is asked for each call: whoever exchanges it need not start a worker again."""
        headers = lambda: {"Authorization": f"Bearer {token()}"}  # noqa: E731
        self._json = JsonApi(url or URL, headers, translate, CLOUD)
        self._token, self._pace = token, pace or Pace(CLOUD, EVERY, PATIENCE)

    def user(self) -> dict[str, Any]:
        return self._read(self._in_turn(OTHER, lambda: self._json.get("/api/v0/users/current/")))

    def offers(self, query: Mapping[str, Any]) -> list[dict[str, Any]]:
        """What is to be had now, in the order that `query` asks for."""
        found = self._in_turn(SEARCH, lambda: self._json.send("POST", "/api/v0/bundles/", query), looks=True)
        told = self._read(found).get("offers")
        return [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []

    def take(self, ask: int, body: Mapping[str, Any]) -> tuple[str, datetime | None]:
        """The id of the new instance, and when it was made by Vast's clock.

        Raises MadeNevertheless for one that is there although it was refused.
        """
        answer = self._in_turn(TAKE, lambda: self._json.send("PUT", f"/api/v0/asks/{ask}/", body))
        made = answer.body.get("new_contract") if isinstance(answer.body, dict) else None
        if made is None:
            raise e.Ambiguous(f"{CLOUD} answered a launch without saying what it has made")
        return str(made), answer.date

    def page(self, after: str = "", only: Mapping[str, Any] | None = None) -> Answer:
        """`only`: conditions on columns; `after`: what the page before named as the next."""
        query = {"limit": PAGE, "order_by": json.dumps([{"col": "id", "dir": "asc"}])}
        query |= {"after_token": after} if after else {}
        query |= {"select_filters": json.dumps(only)} if only else {}
        answer = self._in_turn(LIST, lambda: self._json.get("/api/v1/instances/", query))
        self._read(answer)
        return answer

    def change(self, machine: str, body: Mapping[str, Any]) -> None:
        self._in_turn(CHANGE, lambda: self._json.send("PUT", f"/api/v0/instances/{machine}/", body))

    def destroy(self, machine: str) -> None:
        """Without a body: with one it is refused."""
        self._in_turn(DESTROY, lambda: self._json.send("DELETE", f"/api/v0/instances/{machine}/"))

    @staticmethod
    def _read(answer: Answer) -> dict[str, Any]:
        if not isinstance(answer.body, dict):
            raise e.Unavailable(f"{CLOUD} sent an answer that cannot be read")
        return answer.body

    def _in_turn(self, kind: str, call: Callable[[], Answer], *, looks: bool = False) -> Answer:
        """What came too often was not done, and is asked for again: another process may have come first.

        `looks`: it changes nothing, though it is sent as if it did.
        """
        if not self._token():
            raise e.Unauthenticated("no API key of Vast is known to this worker: set VAST_API_KEY there")
        for tried in range(_TRIES):
            self._pace.wait(kind)
            try:
                return _granted(call())
            except e.Throttled as exc:
                wait = exc.retry_after.total_seconds() if exc.retry_after else EVERY[kind]
                if tried == _TRIES - 1 or wait > PATIENCE:
                    raise
                self._pace.pause(wait)
            except e.Ambiguous as exc:
                raise e.Unavailable(exc.message) if looks else exc from exc.__cause__
        raise AssertionError("a call is made or refused")


def _granted(answer: Answer) -> Answer:
    """Itself. Raises what it means when it says no under 200."""
    if isinstance(answer.body, dict) and answer.body.get("success") is False:
        refused = Answer(400, answer.body, answer.headers)
        raise translate(refused, True) or by_status(CLOUD, refused, mutating=True)
    return answer
