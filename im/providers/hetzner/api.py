"""Hetzner's API v1: where it is, who we are to it, and what its codes mean (https://docs.hetzner.cloud, "Errors").

The status is not enough: `resource_unavailable` comes as 412, a quota as 403, and a protected server as 423 like a locked one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from im.providers import errors as e
from im.providers.errors import ProviderError
from im.providers.kit.http import Answer, JsonApi, said

CLOUD = "Hetzner"
URL = "https://api.hetzner.cloud/v1"
PAGE = 50
"""Things on one page, the most that Hetzner gives."""

_CODES: Mapping[str, type[ProviderError]] = {
    "unauthorized": e.Unauthenticated,
    "forbidden": e.Forbidden,
    "token_readonly": e.Forbidden,
    "resource_limit_exceeded": e.QuotaExceeded,
    "rate_limit_exceeded": e.Throttled,
    "resource_unavailable": e.NoCapacity,
    "placement_error": e.NoCapacity,
    "uniqueness_error": e.InvalidSpec,
    "conflict": e.WrongState,
    "locked": e.WrongState,
    "resource_locked": e.Forbidden,
    "resource_in_use": e.WrongState,
    "protected": e.Forbidden,
    "invalid_input": e.InvalidSpec,
    "json_error": e.InvalidSpec,
    "invalid_server_type": e.NotOffered,
    "not_found": e.NotFound,
    "unsupported_error": e.Unsupported,
    "server_not_stopped": e.WrongState,
    "primary_ip_assigned": e.InvalidSpec,
    "primary_ip_datacenter_mismatch": e.InvalidSpec,
    "primary_ip_version_mismatch": e.InvalidSpec,
    "must_be_unassigned": e.WrongState,
    "deprecated_api_endpoint": e.Unsupported,
    "maintenance": e.Unavailable,
}
_ONE_MORE = timedelta(seconds=2)
"""A token comes each second; the header tells only when the bucket is full again."""


def code_of(answer: Answer) -> str:
    error = answer.body.get("error") if isinstance(answer.body, dict) else None
    return str(error.get("code", "")) if isinstance(error, dict) else ""


def translate(answer: Answer, mutating: bool) -> ProviderError | None:
    """One table; None for a code that is not in it: then the status decides."""
    code = code_of(answer)
    found = _CODES.get(code)
    if found is None:
        return None
    message = f"{CLOUD}: {said(answer)}{_fields(answer)}"
    if code == "invalid_input" and "unsupported location" in message:
        found = e.NotOffered
    if code == "protected":
        message = f"{CLOUD}: it is protected against deletion there; lift that first"
    return found(message, retry_after=_ONE_MORE if code == "rate_limit_exceeded" else None)


def _fields(answer: Answer) -> str:
    """Which field was wrong, and why, as far as Hetzner tells."""
    details = answer.body["error"].get("details")
    fields = details.get("fields") if isinstance(details, dict) else None
    told = [f"{one.get('name')}: {', '.join(one.get('messages') or [])}" for one in fields or []]
    return f" ({'; '.join(told)})" if told else ""


class HetznerApi:
    """Calls of one project."""

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
        """Everything at `path`, a page at a time, in the order of ids: pages move otherwise while things come and go."""
        number: int | None = 1
        while number is not None:
            answer = self.get(path, page=number, per_page=PAGE, **query)
            try:
                yield answer.body[key], answer
                number = answer.body["meta"]["pagination"]["next_page"]
            except (KeyError, TypeError) as exc:
                raise e.Unavailable(f"{CLOUD} sent a page that cannot be read: {exc} is missing or new to us") from exc

    def all(self, path: str, key: str, /, **query: Any) -> list[dict[str, Any]]:
        return [one for things, _ in self.pages(path, key, **query) for one in things]

    def _check(self) -> None:
        if not self._token():
            raise e.Unauthenticated("no token of a Hetzner project is known to this worker: set HCLOUD_TOKEN there")
