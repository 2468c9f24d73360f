"""Listings over all zones of a project: one call a page, which may be partial with status 200, and says so per zone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from im.providers.errors import InvalidSpec, ProviderError
from im.providers.gcp.api import GcpApi, last
from im.providers.gcp.places import region_of

_HARMLESS = ("NO_RESULTS_ON_PAGE",)
"""Of a zone's warnings: it is empty, on this page."""


@dataclass(frozen=True, slots=True)
class Page:
    """Things on it, and the zones that could not be seen (empty text: nobody knows which)."""

    things: list[dict[str, Any]]
    unseen: frozenset[str]
    date: datetime | None

    def is_whole_for(self, region: str) -> bool:
        """Was everything of that region seen? What is amiss elsewhere does not matter."""
        return not any(region_of(zone) in ("", region) for zone in self.unseen)

    def unseen_in(self, region: str) -> frozenset[str]:
        """The zones of that region that were not seen; none when nobody knows which."""
        if any(region_of(zone) == "" for zone in self.unseen):
            return frozenset()
        return frozenset(zone for zone in self.unseen if region_of(zone) == region)


def everywhere(api: GcpApi, what: str, fields: str, filter: str | None = None) -> Iterator[Page]:
    """`what` (`instances`, `disks`) of every zone. Raises ProviderError, at any page."""
    mask = f"nextPageToken,unreachables,warning/code,items/*/warning/code,items/*/{what}({fields})"
    for answer in _with_or_without_partial(api, f"/aggregated/{what}", filter=filter, fields=mask):
        items: Mapping[str, Any] = answer.body.get("items") or {}
        unseen = {last(one) for one in answer.body.get("unreachables") or []}
        unseen |= {last(scope) for scope, part in items.items() if _ill(part)}
        if _ill(answer.body) and not unseen:
            unseen.add("")
        yield Page([one for part in items.values() for one in part.get(what) or []], frozenset(unseen), answer.date)


def in_zone(api: GcpApi, zone: str, what: str, fields: str, filter: str | None = None) -> Iterator[Page]:
    for answer in api.pages(
        f"/zones/{zone}/{what}", filter=filter, fields=f"nextPageToken,warning/code,items({fields})"
    ):
        unseen = frozenset({zone}) if _ill(answer.body) else frozenset()
        yield Page(list(answer.body.get("items") or []), unseen, answer.date)


def until_it_breaks(pages: Iterator[Page]) -> Iterator[Page | None]:
    """As they come; None when a later one cannot be had. Raises ProviderError when the first cannot."""
    first = True
    try:
        for page in pages:
            yield page
            first = False
    except ProviderError:
        if first:
            raise
        yield None


def _with_or_without_partial(api: GcpApi, path: str, **query: Any) -> Iterator[Any]:
    """The methods' own texts recommend the parameter, and the newest description lists it nowhere: refused, it is left out."""
    begun = False
    try:
        for answer in api.pages(path, returnPartialSuccess="true", **query):
            begun = True
            yield answer
    except InvalidSpec as exc:
        if begun or "returnPartialSuccess" not in exc.message:
            raise
        yield from api.pages(path, **query)


def _ill(part: Mapping[str, Any]) -> bool:
    code = (part.get("warning") or {}).get("code")
    return code is not None and code not in _HARMLESS
