"""Compute Engine's API v1: where it is, and how it is called (https://cloud.google.com/compute/docs/reference/rest/v1)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from im.providers import errors as e
from im.providers.gcp.errors import CLOUD, translate
from im.providers.kit.http import Answer, JsonApi, Translate

URL = "https://compute.googleapis.com/compute/v1"
PAGE = 500
"""Things on one page over all zones together, the most that Google gives."""


class GcpApi:
    """Calls of one project. `headers` prove each call; `forget` is called when they were refused, and asked for once more."""

    def __init__(
        self,
        project: Callable[[], str],
        headers: Callable[[], Mapping[str, str]],
        url: str = URL,
        forget: Callable[[], None] = lambda: None,
        means: Translate = translate,
    ) -> None:
        self.project = project
        self._url = url or URL
        self._json = JsonApi(self._url, headers, means, CLOUD)
        self._forget = forget

    def get(self, path: str, **query: Any) -> Answer:
        """`path` below the project: `/zones/Z/instances/N`."""
        return self._known(lambda: self._json.get(self._below(path), {k: v for k, v in query.items() if v is not None}))

    def send(self, method: str, path: str, body: Mapping[str, Any] | None = None, **query: Any) -> Answer:
        asked = f"?{urlencode(query)}" if query else ""
        return self._known(lambda: self._json.send(method, f"{self._below(path)}{asked}", body))

    def address(self, path: str) -> str:
        """Where others may call the same."""
        return f"{self._url}{self._below(path)}"

    def pages(self, path: str, **query: Any) -> Iterator[Answer]:
        """Every page; an empty one may be followed by a full one."""
        token: str | None = None
        while True:
            answer = self.get(path, maxResults=PAGE, pageToken=token, **query)
            if not isinstance(answer.body, dict):
                raise e.Unavailable(f"{CLOUD} sent a page that cannot be read")
            yield answer
            token = answer.body.get("nextPageToken")
            if not token:
                return

    def _below(self, path: str) -> str:
        return f"/projects/{self.project()}{path}"

    def _known(self, call: Callable[[], Answer]) -> Answer:
        try:
            return call()
        except e.Unauthenticated:  # definitely not done
            self._forget()
            return call()


def last(url: object) -> str:
    """The name at the end of a resource's address."""
    return str(url or "").rpartition("/")[2]
