"""JSON over HTTPS, as most clouds speak it: our time-outs, no retries, and one table from what came back to our errors.

A call is sent once. Whether it may be sent again is decided by whoever knows what it does (reconcile), never down here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, MaxRetryError, NameResolutionError, NewConnectionError
from urllib3.util import Timeout, parse_url

from im.providers import errors
from im.providers.errors import ProviderError
from im.providers.kit.text import scrubbed

CONNECT, READ = 3.0, 8.0
"""Seconds. A step's lease (15 s) is longer than both together."""
LONGEST = 16 * 1024 * 1024
"""Bytes of an answer that are read at most."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: `body` is the JSON that was sent, None when there was none."""

    status: int
    body: Any
    headers: Mapping[str, str]

    @property
    def date(self) -> datetime | None:
        """The cloud's own clock; None where it tells none, or one without a zone, which is not to be compared with ours."""
        try:
            told = parsedate_to_datetime(self.headers["Date"])
        except (KeyError, TypeError, ValueError):
            return None
        return told if told.tzinfo is not None else None

    @property
    def retry_after(self) -> timedelta | None:
        text = self.headers.get("Retry-After", "")
        return timedelta(seconds=int(text)) if text.isdigit() else None


Translate = Callable[[Answer, bool], ProviderError | None]
"""(answer, was it to change something) → what a cloud's own code means; None: the status decides."""


class JsonApi:
    """One cloud's API with one set of credentials. `headers` are asked for at each call: a token may have been renewed."""

    def __init__(
        self,
        url: str,
        headers: Callable[[], Mapping[str, str]],
        translate: Translate,
        cloud: str,
        pool: urllib3.PoolManager | None = None,
    ) -> None:
        """`pool`: where certificates or a proxy are not the machine's usual ones."""
        self._url = url.rstrip("/")
        self._headers = headers
        self._translate = translate
        self._cloud = cloud
        self._pool = pool or make_pool(self._url)

    def get(
        self, path: str, query: Mapping[str, Any] | None = None, *, headers: Mapping[str, str] | None = None
    ) -> Answer:
        return self._call("GET", path, query, None, mutating=False, more=headers)

    def send(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """A call that changes something. Raises ProviderError; Ambiguous when it may have been carried out."""
        return self._call(method, path, query, body, mutating=True, more=headers)

    def _call(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None,
        body: Mapping[str, Any] | None,
        *,
        mutating: bool,
        more: Mapping[str, str] | None = None,
    ) -> Answer:
        asked = f"?{urlencode(query, doseq=True)}" if query else ""
        headers = {"Accept": "application/json", "User-Agent": "im", **self._headers(), **(more or {})}
        sent = None
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
            sent = json.dumps(body).encode()
        try:
            got = self._pool.request(
                method, f"{self._url}{path}{asked}", body=sent, headers=headers, preload_content=False, redirect=False
            )
            text = got.read(LONGEST, decode_content=True)
            got.release_conn()
        except HTTPError as exc:
            raise self._broken(exc, mutating=mutating) from exc
        answer = Answer(got.status, _read(text), got.headers)
        if 200 <= answer.status < 300:
            if answer.body is None and text:
                raise (
                    errors.Ambiguous(f"{self._cloud} sent an answer that is no JSON")
                    if mutating
                    else (errors.Unavailable(f"{self._cloud} sent an answer that is no JSON"))
                )
            return answer
        found = self._translate(answer, mutating) or by_status(self._cloud, answer, mutating=mutating)
        raise found

    def _broken(self, exc: HTTPError, *, mutating: bool) -> ProviderError:
        """Nothing was sent when no connection came about; otherwise nobody knows."""
        cause = exc.reason if isinstance(exc, MaxRetryError) else exc
        if isinstance(cause, ConnectTimeoutError | NewConnectionError | NameResolutionError):
            return errors.Unavailable(f"{self._cloud} cannot be reached ({type(cause).__name__})")
        what = f"the connection to {self._cloud} broke ({type(cause).__name__})"
        return errors.Ambiguous(f"{what}, and it may have acted") if mutating else errors.Unavailable(what)


def by_status(cloud: str, answer: Answer, *, mutating: bool) -> ProviderError:
    """What a status means where the cloud's code is none that we know."""
    message = f"{cloud}: {said(answer)}"
    match answer.status:
        case 400 | 422:
            return errors.InvalidSpec(message)
        case 401:
            return errors.Unauthenticated(message)
        case 403:
            return errors.Forbidden(message)
        case 404:
            return errors.NotFound(message)
        case 409 | 423:
            return errors.WrongState(message)
        case 410 | 501:
            return errors.Unsupported(message)
        case 429:
            return errors.Throttled(message, retry_after=answer.retry_after)
        case 503:
            return errors.Unavailable(message, retry_after=answer.retry_after)
        case status if status >= 500:
            return errors.Ambiguous(message) if mutating else errors.Unavailable(message)
        case _:
            return errors.Unknown(message)


def said(answer: Answer) -> str:
    """What the cloud said, short and without what might be a secret."""
    body = answer.body
    error = body.get("error", body) if isinstance(body, dict) else body
    text = error.get("message") if isinstance(error, dict) else error
    return scrubbed(str(text)) if text else f"status {answer.status}"


def _read(text: bytes) -> Any:
    try:
        return json.loads(text) if text else None
    except ValueError:
        return None


def make_pool(url: str, *, proxy: str = "", **tls: Any) -> urllib3.PoolManager:
    """With our time-outs. `proxy`: instead of the machine's own; `tls`: as urllib3 names it."""
    parsed = parse_url(url)
    how: dict[str, Any] = {"retries": False, "timeout": Timeout(connect=CONNECT, read=READ), "maxsize": 8, **tls}
    usual = getproxies().get(parsed.scheme or "https")
    if proxy or (usual and not proxy_bypass(parsed.host or "")):
        proxy = proxy or str(usual)
        return urllib3.ProxyManager(proxy, **how)
    return urllib3.PoolManager(**how)
