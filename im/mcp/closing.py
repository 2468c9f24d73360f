"""The last lines of an answer: until when each machine lives, and what it costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def closing(document: Mapping[str, Any]) -> str:
    """A line for each instance in it, and what it comes to for several; empty for an answer that has none."""
    lines = [_line(one) for one in _instances(document)]
    if len(lines) > 1 and document.get("usd_added") is not None:
        lines.append(f"together: {document['usd_added']} USD added by this")
    return "\n".join(lines)


def _instances(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for one in (document, document.get("instance"), *(document.get("items") or ())):
        if isinstance(one, Mapping) and one.get("expires_at"):
            yield one


_COSTS = (
    *(("usd_per_hour", "an hour"), ("usd_so_far", "so far")),
    *(("usd_added", "added by this"), ("usd_to_deadline", "to the deadline")),
)


def _line(one: Mapping[str, Any]) -> str:
    names = one.get("names") or [one.get("name", "")]
    verb = "would end" if one.get("dry_run") else "ends"
    told = f"{', '.join(ascii(name)[1:-1] for name in names[:3])}: {verb} at {one['expires_at']}"
    costs = [f"{one[key]} USD {what}" for key, what in _COSTS if one.get(key) is not None]
    return f"{told}; {', '.join(costs)}" if costs else told
