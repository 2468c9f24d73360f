"""Lambda's API v1: where it is, how often it may be asked, and what its words mean (https://docs-api.lambda.ai/api/cloud).

Nearly everything that it refuses is a 400, and the code decides. Where in the API a code belongs stands before it, and has moved
between versions: only what stands behind the last stroke is matched.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from threading import Lock
from typing import Any

from im.providers import errors as e
from im.providers.errors import ProviderError
from im.providers.kit.http import Answer, JsonApi, said

CLOUD = "Lambda"
URL = "https://cloud.lambda.ai"
EVERY = 1.05
"""Seconds between two calls: Lambda answers one a second, of all who use the team's keys together."""
LAUNCH_EVERY = timedelta(seconds=12.1)
_PATIENCE = 7.0
"""Seconds that a call is held up by those before it; one that would wait for longer is not made."""
_TRIES = 3
_CODES: Mapping[str, type[ProviderError]] = {
    "invalid-api-key": e.Unauthenticated,
    "account-inactive": e.Forbidden,
    "invalid-address": e.Forbidden,
    "forbidden": e.Forbidden,
    "insufficient-capacity": e.NoCapacity,
    "quota-exceeded": e.QuotaExceeded,
    "invalid-parameters": e.InvalidSpec,
    "file-system-in-wrong-region": e.InvalidSpec,
    "object-does-not-exist": e.NotFound,
    "not-found": e.NotFound,
    "conflict": e.WrongState,
    "duplicate": e.WrongState,
    "filesystem-in-use": e.WrongState,
    "firewall-ruleset-in-use": e.WrongState,
}
_ILL = ("internal-error", "internal-unavailable", "unknown")
"""Lambda's own trouble, or that of whoever stands behind it: what was asked for may have been done."""


class Unexplained(e.Ambiguous):
    """`An unknown error occurred`: also what ending a machine is answered with that is ending already (skypilot#3410)."""


def translate(answer: Answer, mutating: bool) -> ProviderError | None:
    """One table; None for what is not in it: then the status decides."""
    message = f"{CLOUD}: {said(answer)}"
    code = _code(answer)
    if answer.status == 429:
        return e.Throttled(message, retry_after=answer.retry_after)
    if code == "unknown" and mutating:
        return Unexplained(message)
    if code in _ILL or code.startswith("internal-") or answer.status >= 500:
        return e.Ambiguous(message) if mutating else e.Unavailable(message)
    if code in _CODES:
        return _CODES[code](message)
    return e.QuotaExceeded(message) if "quota" in code else None


def _code(answer: Answer) -> str:
    error = answer.body.get("error") if isinstance(answer.body, dict) else None
    return str(error.get("code") or "").rpartition("/")[2] if isinstance(error, dict) else ""


class Pace:
    """Calls of this process, one after the other; what other processes ask for meanwhile shows in a refusal alone."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._clock, self.pause = clock, pause
        self._free_at = self._launch_at = 0.0
        self._lock = Lock()

    def wait(self, *, launch: bool = False) -> None:
        """Until it is this call's turn. Raises Throttled where that takes too long."""
        with self._lock:
            now = self._clock()
            at = max(now, self._free_at, self._launch_at if launch else now)
            if at - now > _PATIENCE:
                told = "takes a launch each twelve seconds" if launch else "answers one call a second"
                raise e.Throttled(f"{CLOUD} {told}, and others wait", retry_after=timedelta(seconds=at - now))
            self._free_at = at + EVERY
            if launch:
                self._launch_at = at + LAUNCH_EVERY.total_seconds()
        if at > now:
            self.pause(at - now)


class LambdaApi:
    """Calls of one team."""

    def __init__(self, token: Callable[[], str], url: str = URL, pace: Pace | None = None) -> None:
        """`token` is asked for each call: whoever exchanges it need not start a worker again."""
        address = f"{url or URL}/api/v1"
        self._json = JsonApi(address, lambda: {"Authorization": f"Bearer {token()}"}, translate, CLOUD)
        self._token, self._pace = token, pace or Pace()

    def get(self, path: str) -> Any:
        """What stands under `data`."""
        return self.answer(path).body["data"]

    def answer(self, path: str) -> Answer:
        return self._whole(self._in_turn(lambda: self._json.get(path)))

    def launch(self, body: Mapping[str, Any]) -> Any:
        """One that is refused for coming too often has a turn of its own to wait for, and is not asked for again here."""
        return self.post("/instance-operations/launch", body, launch=True)

    def post(self, path: str, body: Mapping[str, Any], *, launch: bool = False) -> Any:
        answer = self._in_turn(lambda: self._json.send("POST", path, body), launch=launch)
        if not isinstance(answer.body, dict) or "data" not in answer.body:
            raise e.Ambiguous(f"{CLOUD} sent an answer that cannot be read")
        return answer.body["data"]

    def delete(self, path: str) -> None:
        self._in_turn(lambda: self._json.send("DELETE", path))

    @staticmethod
    def _whole(answer: Answer) -> Answer:
        if not isinstance(answer.body, dict) or "data" not in answer.body:
            raise e.Unavailable(f"{CLOUD} sent an answer that cannot be read")
        return answer

    def _in_turn(self, call: Callable[[], Answer], *, launch: bool = False) -> Answer:
        """What came too often was not done, and is asked for again: another process may have come first."""
        if not self._token():
            raise e.Unauthenticated("no API key of a Lambda team is known to this worker: set LAMBDA_API_KEY there")
        for tried in range(_TRIES):
            self._pace.wait(launch=launch)
            try:
                return call()
            except e.Throttled:
                if launch or tried == _TRIES - 1:
                    raise
                self._pace.pause(EVERY)
        raise AssertionError("a call is made or refused")
