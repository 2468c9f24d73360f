"""Crusoe's API v1: where it is, which project is asked, and what its words mean (https://docs.crusoecloud.com/reference/api)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from im.providers import errors as e
from im.providers.crusoe.account import Credentials
from im.providers.crusoe.signature import headers
from im.providers.errors import ProviderError
from im.providers.kit.http import Answer, JsonApi, said

CLOUD = "Crusoe"
URL = "https://api.cloud.crusoe.ai/v1"
VMS = "/compute/vms/instances"
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_APART = timedelta(minutes=1)
"""So far may this machine's clock be from Crusoe's before a key that is not known makes one think of it."""
_MOST_PAGES = 500


def meaning(code: str, text: str) -> type[ProviderError] | None:
    """What a code, of an answer or of an operation, says; None: nothing that we know."""
    small = f"{code} {text}".lower()
    if "out_of_stock" in small or "out of stock" in small or "insufficient capacity" in small:
        return e.NoCapacity
    if "quota" in small:
        return e.QuotaExceeded
    return None


def translate(answer: Answer, mutating: bool, now: datetime) -> ProviderError | None:
    """One table; None for what is not in it: then the status decides. `now`: by this machine's clock."""
    message, status = f"{CLOUD}: {said(answer)}", answer.status
    if status == 429:
        return e.Throttled(message, retry_after=answer.retry_after)
    if status >= 500:
        return e.Ambiguous(message) if mutating else e.Unavailable(message)
    if status == 401:
        return e.Unauthenticated(f"{message}{_clock(answer, now)}")
    code = str(answer.body.get("code") or "") if isinstance(answer.body, dict) else ""
    if status in (400, 403, 409) and (found := meaning(code, message)) is not None:
        return found(message)
    # its description knows no 404 of a machine: what is not there may be told as a bad request
    absent = code == "not_found" or (status == 400 and "not found" in message.lower())
    return e.NotFound(message) if absent else None


def _clock(answer: Answer, now: datetime) -> str:
    """Crusoe signs by the time: a machine whose clock is wrong knows no key that is good."""
    if answer.date is None or abs(apart := answer.date - now) < _APART:
        return ""
    return f"; this machine's clock is {abs(apart.total_seconds()):.0f} s away from Crusoe's, and requests are signed by it"


class CrusoeApi:
    """Calls of one project, each signed for itself."""

    def __init__(
        self,
        credentials: Callable[[], Credentials],
        url: str = URL,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`credentials` are asked for each call: whoever exchanges a key need not start a worker again."""
        self._credentials, self._clock = credentials, clock
        self._prefix = urlsplit(url or URL).path.rstrip("/")
        self._json = JsonApi(url or URL, dict, lambda answer, mutating: translate(answer, mutating, clock()), CLOUD)
        self._project: tuple[str, str] = ("", "")

    def get(self, path: str, query: Mapping[str, str] | None = None) -> Answer:
        """Beside any project, as `/locations`. Raises Unavailable for what is no JSON object."""
        asked = dict(sorted((query or {}).items()))
        answer = self._json.get(path, asked, headers=self._signed("GET", path, asked))
        if not isinstance(answer.body, dict):
            raise e.Unavailable(f"{CLOUD} sent an answer that cannot be read")
        return answer

    def ours(self, path: str, query: Mapping[str, str] | None = None) -> Answer:
        """Of our project."""
        return self.get(f"{self._of_project()}{path}", query)

    def pages(self, path: str, query: Mapping[str, str] | None = None) -> Iterator[Answer]:
        """One page after the other, of a table that may change meanwhile. Raises ProviderError, at any page."""
        asked, seen = dict(query or {}), set[str]()
        for _ in range(_MOST_PAGES):
            answer = self.ours(path, asked)
            if not isinstance(answer.body.get("items"), list):
                raise e.Unavailable(f"{CLOUD} sent a list without its items")
            yield answer
            token = str(answer.body.get("next_page_token") or "")
            if not token or token in seen:
                return
            seen.add(token)
            asked["next_token"] = token
        raise e.Unavailable(f"{CLOUD}'s list does not come to an end")

    def send(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The operation that it began. Raises Ambiguous where the answer names none."""
        whole = f"{self._of_project()}{path}"
        answer = self._json.send(method, whole, body, headers=self._signed(method, whole, {}))
        operation = answer.body.get("operation") if isinstance(answer.body, dict) else None
        if not isinstance(operation, dict):
            raise e.Ambiguous(f"{CLOUD} accepted a request without saying by which operation")
        return operation

    def project(self, *, afresh: bool = False) -> dict[str, Any]:
        """Our project as Crusoe shows it."""
        if afresh:
            self._project = ("", "")
        return dict(self.get(f"/organizations{self._of_project()}").body)

    def _of_project(self) -> str:
        """A name leads to an id, which is asked for once; where none is told, the only project that the key sees is meant."""
        named = self._known().project
        if UUID.fullmatch(named):
            return f"/projects/{named}"
        if self._project[0] != named or not self._project[1]:
            there = self.get("/organizations/projects").body.get("items") or []
            ids = [str(one["id"]) for one in there if named in ("", one.get("name"))]
            if len(ids) != 1:
                raise e.Unauthenticated(_which(named, [str(one.get("name")) for one in there]))
            self._project = (named, ids[0])
        return f"/projects/{self._project[1]}"

    def _signed(self, method: str, path: str, query: Mapping[str, str]) -> dict[str, str]:
        known = self._known()
        return headers(method, f"{self._prefix}{path}", query, known.key_id, known.secret, self._clock())

    def _known(self) -> Credentials:
        known = self._credentials()
        if not (known.key_id and known.secret):
            told = "set CRUSOE_ACCESS_KEY_ID and CRUSOE_SECRET_KEY there"
            raise e.Unauthenticated(f"no key of a Crusoe project is known to this worker: {told}")
        return known


def _which(named: str, there: list[str]) -> str:
    shown = ", ".join(sorted(there)[:5]) or "none"
    if named:
        return f"{CLOUD}'s key sees no project {named[:40]}, or two of that name; it sees {shown}"
    return f"{CLOUD}'s key sees {len(there)} projects ({shown}): name one with CRUSOE_DEFAULT_PROJECT, or project = in the account"
