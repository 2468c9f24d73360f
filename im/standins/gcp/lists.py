"""What all lists have in common: filters, pages, and, over all zones, what is empty and what cannot be seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from werkzeug.wrappers import Request

from im.standins.gcp import catalog, errors
from im.standins.gcp.filters import compiled
from im.standins.gcp.project import Project

MOST = 500
"""Things on one page, over all zones together."""


def _chosen(request: Request, things: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    wanted = request.args.get("filter", "")
    if not wanted:
        return list(things)
    try:
        test = compiled(wanted)
    except ValueError as exc:
        raise errors.invalid("filter", f"'{wanted}'. {exc}") from None
    return [one for one in things if test(one)]


def _cut(request: Request, things: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], str | None]:
    size, at = request.args.get("maxResults", str(MOST)), request.args.get("pageToken", "0")
    if not size.isdigit() or int(size) > MOST:
        raise errors.invalid("maxResults", f"'{size}'. Must be a number up to {MOST}")
    if not at.isdigit():
        raise errors.invalid("pageToken", f"'{at}'")
    end = int(at) + (int(size) or MOST)
    return things[int(at) : end], str(end) if end < len(things) else None


Shown = Callable[[dict[str, Any]], dict[str, Any]]
"""From what a thing is chosen by to all that is shown of it: of ten thousand, a page is made at a time."""


def _as_it_is(thing: dict[str, Any]) -> dict[str, Any]:
    return thing


def page(
    request: Request,
    kind: str,
    things: Sequence[dict[str, Any]],
    zone: str = "",
    hidden: bool = False,
    show: Shown = _as_it_is,
) -> Any:
    """A list of one place; `hidden`: it cannot be seen now."""
    chosen, more = _cut(request, _chosen(request, [] if hidden else things))
    shown = [show(one) for one in chosen]
    answer: dict[str, Any] = {"kind": f"compute#{kind}List", "id": zone or "global"}
    if shown:
        answer["items"] = shown
    if more:
        answer["nextPageToken"] = more
    if hidden:
        answer["warning"] = {"code": "UNREACHABLE", "message": f"The zone {zone} cannot be reached."}
    return answer


def everywhere(
    project: Project, request: Request, kind: str, what: str, things: Sequence[dict[str, Any]], show: Shown = _as_it_is
) -> Any:
    """Over all zones, in their order; with 200 though a zone cannot be seen."""
    if project.refuses_partial and "returnPartialSuccess" in request.args:
        raise errors.no(400, "invalidParameter", 'Unknown name "returnPartialSuccess": Cannot bind query parameter.')
    seen = [one for one in things if _zone(one) not in project.unreachable]
    chosen, more = _cut(request, sorted(_chosen(request, seen), key=lambda one: (_zone(one), int(one["id"]))))
    shown = [show(one) for one in chosen]
    items: dict[str, Any] = {}
    for zone in catalog.ALL_ZONES:
        here = [one for one in shown if _zone(one) == zone]
        items[f"zones/{zone}"] = {what: here} if here else {"warning": _empty(zone)}
        if zone in project.unreachable:
            items[f"zones/{zone}"] = {"warning": {"code": "UNREACHABLE", "message": f"{zone} cannot be reached"}}
    answer: dict[str, Any] = {"kind": f"compute#{kind}AggregatedList", "id": what, "items": items}
    if more:
        answer["nextPageToken"] = more
    if project.unreachable:
        answer["unreachables"] = [f"zones/{one}" for one in sorted(project.unreachable)]
    return answer


def _zone(one: dict[str, Any]) -> str:
    return str(one["zone"]).rpartition("/")[2]


def _empty(zone: str) -> dict[str, Any]:
    return {"code": "NO_RESULTS_ON_PAGE", "message": f"There are no results for scope 'zones/{zone}' on this page."}
