"""Many instances in few words: a line for each state that they are in, with names that count up told as a range."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from im.domain.explain.phase import phase
from im.domain.input.listed import listed
from im.views.cost import NO_COSTS, Costs
from im.views.words.money import ending
from im.views.words.times import ahead, local

if TYPE_CHECKING:
    from im.domain.instance import Instance

CROWD = 20
"""From more than this many on, an answer is told together."""
_SHOWN = 6
_NUMBERED = re.compile(r"(.*-)(\d{1,4})", re.ASCII)


def crowd(rows: Sequence[Instance], now: datetime, costs: Costs = NO_COSTS) -> list[str]:
    """`198 running: web-1 … web-198 · stop 18:04 (in 59m) · $2.32/h, $2.32 to the deadline`, the greatest number first."""
    groups: dict[str, list[Instance]] = {}
    for row in rows:
        groups.setdefault(phase(row, now).word, []).append(row)
    return [
        f"{len(members)} {word}: {spans([row.name for row in members])}{_until(members, now)}{ending(members, costs)}"
        for word, members in sorted(groups.items(), key=lambda group: -len(group[1]))
    ]


def _until(members: Sequence[Instance], now: datetime) -> str:
    alike = {row.expires_at for row in members}
    coming = len(alike) == 1 and not any(row.failed for row in members)
    at = members[0].expires_at
    return f" · {members[0].on_expiry.value} {local(at, now)} ({ahead(at, now)})" if coming and at > now else ""


def spans(names: Sequence[str]) -> str:
    """`web-1 … web-5, web-7`; what is too much is counted."""
    found: list[tuple[str, str]] = []
    last: tuple[str, int] | None = None
    for name in names:
        matched = _NUMBERED.fullmatch(name)
        here = (matched[1], int(matched[2])) if matched else None
        if here is not None and last is not None and here == (last[0], last[1] + 1):
            found[-1] = (found[-1][0], name)
        else:
            found.append((name, name))
        last = here
    told = [first if first == end else f"{first} … {end}" for first, end in found]
    return listed(told, _SHOWN, before=", and ")
