"""What all lists have in common: pages, selectors, and the catalogue, which is nothing but lists."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from werkzeug.wrappers import Request

from im.standins.hetzner import catalog
from im.standins.hetzner.errors import no
from im.standins.hetzner.labels import selects
from im.standins.hetzner.project import Project

MOST = 50
"""Things on one page at most; 25 when nothing is said."""


def page(
    request: Request, name: str, things: Sequence[Any], show: Callable[[Any], dict[str, Any]] | None = None
) -> tuple[int, dict[str, Any]]:
    """Those that the query asks for by name and label, by id, a page of them; only these are shown by `show`."""
    wanted = request.args
    of: Callable[[Any, str], Any] = dict.get if show is None else lambda one, key: getattr(one, key, None)
    found = sorted(things, key=lambda one: of(one, "id"))
    if "name" in wanted:
        found = [one for one in found if of(one, "name") == wanted["name"]]
    if selector := wanted.get("label_selector"):
        found = [one for one in found if selects(selector, of(one, "labels"))]
    for key in ("status", "fingerprint", "architecture", "type", "ip"):
        if among := wanted.getlist(key):
            found = [one for one in found if of(one, key) in among]
    try:
        number, size = int(wanted.get("page", 1)), int(wanted.get("per_page", 25))
    except ValueError:
        raise no(400, "invalid_input", "invalid input in fields 'page' and 'per_page'") from None
    size = min(max(size, 1), MOST)
    last = max(1, -(-len(found) // size))
    pagination = {
        "page": number,
        "per_page": size,
        "previous_page": number - 1 if number > 1 else None,
        "next_page": number + 1 if number < last else None,
        "last_page": last,
        "total_entries": len(found),
    }
    chosen = found[(number - 1) * size : number * size]
    return 200, {name: [show(one) for one in chosen] if show else chosen, "meta": {"pagination": pagination}}


def catalog_pages(project: Project, request: Request, what: str) -> tuple[int, Any]:
    match what:
        case "locations":
            return page(request, what, [catalog.location(name) for name in catalog.LOCATIONS])
        case _:
            lacking = frozenset(project.lacking)
            return page(request, what, [catalog.server_type(name, lacking) for name in catalog.TYPES])
