"""DigitalOcean's API v2: where it is, who we are to it, and what its words mean (https://docs.digitalocean.com/reference/api).

Its `id` says no more than the status, so that what a 422 means is in its sentence alone, and is matched there. An unknown sentence
is a refusal of what was asked for, shown to people as it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from im.providers import errors as e
from im.providers.errors import ProviderError
from im.providers.kit.http import Answer, JsonApi, said

CLOUD = "DigitalOcean"
URL = "https://api.digitalocean.com/v2"
PAGE = 200
"""Things on one page, the most that DigitalOcean gives."""

_SENTENCES: tuple[tuple[str, type[ProviderError]], ...] = (
    ("droplet limit", e.QuotaExceeded),
    ("pending event", e.WrongState),
    ("already powered", e.WrongState),
    ("invalid key identifiers", e.NotThereYet),
    ("not available in this region", e.NotOffered),
    ("region is not available", e.NotOffered),
    ("currently restricted", e.NotOffered),
    ("currently unavailable", e.NoCapacity),
)
"""Part of what a 422 says, in lower case, and what it means. Whether a size is not sold in a region or has run out there, only the
list of sizes tells."""
_LONGEST_WAIT = timedelta(minutes=1)


def translate(answer: Answer, mutating: bool) -> ProviderError | None:
    """One table; None for what is not in it: then the status decides."""
    message = f"{CLOUD}: {said(answer)}"
    if answer.status == 422:
        lower = message.lower()
        found = next((kind for part, kind in _SENTENCES if part in lower), e.InvalidSpec)
        return found(message)
    if answer.status == 429:
        return e.Throttled(message, retry_after=answer.retry_after or _until_reset(answer))
    if answer.status >= 500 and mutating:
        return e.Ambiguous(message)  # a gateway's 503 too: it may stand before an API that has acted
    return None


def _until_reset(answer: Answer) -> timedelta | None:
    """The limit of an hour says only when the oldest call is forgotten; some room comes long before that."""
    text, now = answer.headers.get("ratelimit-reset", ""), answer.date or datetime.now(UTC)
    if not text.isdigit():
        return None
    return min(max(datetime.fromtimestamp(int(text), UTC) - now, timedelta(seconds=1)), _LONGEST_WAIT)


def last_page(answer: Answer) -> int:
    """The number of the last page of a list; 1 where there is one alone."""
    pages = ((answer.body or {}).get("links") or {}).get("pages") or {}
    told = parse_qs(urlsplit(str(pages.get("last") or "")).query).get("page", ["1"])[0]
    return int(told) if told.isdigit() else 1


class DigitalOceanApi:
    """Calls of one team."""

    def __init__(self, token: Callable[[], str], url: str = URL) -> None:
        """`token` is asked for each call: whoever exchanges it need not start a worker again."""
        self._json = JsonApi(url or URL, lambda: {"Authorization": f"Bearer {token()}"}, translate, CLOUD)
        self._token = token

    def get(self, path: str, **query: Any) -> Answer:
        self._check()
        return self._json.get(path, query)

    def send(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        self._check()
        return self._json.send(method, path, body)

    def pages(self, path: str, key: str, /, **query: Any) -> Iterator[tuple[list[dict[str, Any]], Answer]]:
        """Everything at `path`, a page at a time."""
        number = 1
        while True:
            answer = self.get(path, page=number, per_page=PAGE, **query)
            try:
                things, pages = answer.body[key] or [], (answer.body.get("links") or {}).get("pages") or {}
            except (KeyError, TypeError, AttributeError) as exc:
                raise e.Unavailable(f"{CLOUD} sent a page that cannot be read: {exc} is missing or new to us") from exc
            yield things, answer
            if not pages.get("next"):
                return
            number += 1

    def all(self, path: str, key: str, /, **query: Any) -> list[dict[str, Any]]:
        return [one for things, _ in self.pages(path, key, **query) for one in things]

    def _check(self) -> None:
        if not self._token():
            raise e.Unauthenticated(
                "no token of a DigitalOcean team is known to this worker: set DIGITALOCEAN_TOKEN there"
            )
