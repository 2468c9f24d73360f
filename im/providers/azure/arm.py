"""The Resource Manager: where it is, which subscription of it is ours, and the versions of its API that we speak."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from im.providers import errors as e
from im.providers.azure.errors import CLOUD, translate
from im.providers.kit.http import Answer, JsonApi

COMPUTE, DISKS, SKUS = "2026-04-01", "2026-03-02", "2021-07-01"
NETWORK, GROUPS, SUBSCRIPTIONS = "2026-03-01", "2025-04-01", "2022-12-01"
LOCKS, TAGS = "2020-05-01", "2025-04-01"
MACHINES = "Microsoft.Compute/virtualMachines"
_MOST_PAGES = 10_000


class Arm:
    """Calls in one subscription. Paths below it are written without it: `/resourceGroups/…`."""

    def __init__(
        self,
        token: Callable[[], str],
        subscription: Callable[[], str],
        url: str,
        forget: Callable[[], None] | None = None,
    ) -> None:
        """`subscription` may name none: then it is the only one that the token sees. `forget`: a token was refused."""
        self._json = JsonApi(url, lambda: {"Authorization": f"Bearer {token()}"}, translate, CLOUD)
        self._url, self._named, self._forget = url.rstrip("/"), subscription, forget
        self._only = ""

    @property
    def subscription(self) -> str:
        """Raises Forbidden where the token sees several and none is named."""
        named = self._named() or self._only
        if named:
            return named
        answer = self._once_more(lambda: self._json.get("/subscriptions", _at(SUBSCRIPTIONS)))
        seen = [one["subscriptionId"] for one in answer.body["value"]]
        if len(seen) != 1:
            told = f"{CLOUD}: {len(seen)} subscriptions are seen, and none is named"
            raise e.Forbidden(f"{told}: set AZURE_SUBSCRIPTION_ID, or subscription in [accounts.NAME]")
        self._only = str(seen[0]).lower()
        return self._only

    def path(self, group: str, kind: str, name: str) -> str:
        """Of a resource, below the subscription."""
        return f"/resourceGroups/{group}/providers/{kind}/{name}"

    def full(self, path: str) -> str:
        """The id that other resources refer to it by."""
        return f"/subscriptions/{self.subscription}{path}"

    def below(self, full: str) -> str:
        """The path of an id, below the subscription."""
        words = full.split("/", 3)
        return f"/{words[3]}" if len(words) == 4 else ""

    def get(self, path: str, version: str, query: Mapping[str, str] | None = None) -> Answer:
        return self._once_more(lambda: self._json.get(self.full(path), {**_at(version), **(query or {})}))

    def send(
        self,
        method: str,
        path: str,
        version: str,
        body: Mapping[str, Any] | None = None,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        asked = {**_at(version), **(query or {})}
        return self._once_more(lambda: self._json.send(method, self.full(path), body, query=asked, headers=headers))

    def pages(
        self, path: str, version: str, query: Mapping[str, str] | None = None
    ) -> Iterator[tuple[list[dict[str, Any]], Answer]]:
        """Everything at `path`, a page at a time; the address of the next one is taken as it is told, and only from this host."""
        answer = self.get(path, version, query)
        for _ in range(_MOST_PAGES):
            try:
                things, following = answer.body["value"], answer.body.get("nextLink")
            except (KeyError, TypeError, AttributeError) as exc:
                raise e.Unavailable(f"{CLOUD} sent a page that cannot be read: {exc} is missing or new to us") from exc
            yield things, answer
            if not following:
                return
            answer = self._follow(str(following))
        raise e.Unavailable(f"{CLOUD} sends pages without an end")

    def all(self, path: str, version: str, query: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
        return [one for things, _ in self.pages(path, version, query) for one in things]

    def operation(self, url: str) -> dict[str, Any]:
        """How an operation stands that an answer named."""
        found = self._follow(url).body
        return found if isinstance(found, dict) else {}

    def _follow(self, url: str) -> Answer:
        split = urlsplit(url)
        if not url.startswith(f"{self._url}/"):
            raise e.Unavailable(f"{CLOUD} sends us on to another host, {split.hostname}")
        query = parse_qsl(split.query, keep_blank_values=True)
        path = split.path.removeprefix(urlsplit(self._url).path.rstrip("/"))
        return self._once_more(lambda: self._json.get(path, dict(query)))

    def _once_more(self, call: Callable[[], Answer]) -> Answer:
        """A token may have been withdrawn before its time: one that is new is tried once."""
        try:
            return call()
        except e.Unauthenticated:
            if self._forget is None:
                raise
            self._forget()
            return call()


def _at(version: str) -> dict[str, str]:
    return {"api-version": version}
