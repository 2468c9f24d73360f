"""What is known of instances, from the API's documents."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from im.cli.backend.remote.link import Link
from im.domain.explain.listing import Listing
from im.domain.instance import Instance
from im.domain.money.rules import PER_SECOND
from im.views.cost import read_cost
from im.views.event import read_event
from im.views.health import read_fleet
from im.views.instance import read_instance
from im.views.times import read_moment

if TYPE_CHECKING:
    from im.domain.event import Event
    from im.domain.explain.why import Explanation
    from im.domain.guard import Guard
    from im.domain.money.added import Added
    from im.domain.money.cost import Cost
    from im.domain.money.rules import BillingRules
    from im.domain.people.view import Base
    from im.domain.selection import Filter, Selection
    from im.services.requests.result import Answer

PAGE = 200
LONG = 20.0
"""Seconds of one question that waits."""
LOOK_EVERY, MANY_EVERY = 0.3, 1.0
"""Seconds between two looks at one, and at several."""


class RemoteLooks:
    """Remembers the status of each instance and what it costs, as they were told last."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._costs: dict[str, Cost] = {}
        self._added: dict[str, Added] = {}
        self._status: dict[str, str] = {}
        self._sandbox: bool | None = None

    @property
    def sandbox(self) -> bool:
        if self._sandbox is None:
            self._sandbox = bool(self._link.get("/fleet")["sandbox"])
        return self._sandbox

    def noted(self, documents: Iterable[Mapping[str, Any]]) -> None:
        """What they say beside the rows themselves."""
        for told in documents:
            self._sandbox, self._status[told["id"]] = told["sandbox"], told["status"]
            if (cost := read_cost(told)) is not None:
                self._costs[told["id"]] = cost
            if "usd_added" in told:
                self._note_added(told)

    def _note_added(self, told: Mapping[str, Any]) -> None:
        from im.views.change import read_added

        if (more := read_added(told)) is not None:
            self._added[told["id"]] = more

    def listing(
        self, *, everything: bool = False, filters: Sequence[Filter] = (), base: Base | None = None, sight: bool = True
    ) -> Listing:
        query: dict[str, Any] = {"limit": PAGE, "all": everything, "q": _written(filters)}
        query["view"] = None if base is None else base.value
        rows: list[Instance] = []
        while True:
            page = self._link.get("/instances", query)
            rows += self._rows(page)
            if not page.get("next"):
                break
            query["cursor"] = page["next"]
        rows.sort(key=lambda row: (row.closed_at is not None, row.expires_at, row.name))
        return self._seen(page, rows, sight=sight, named=False)

    def resolve(self, words: Sequence[str], *, sight: bool = True) -> Listing:
        rows: list[Instance] = []
        for at in range(0, len(words), PAGE):
            page = self._link.get("/instances", {"id": list(words[at : at + PAGE])})
            rows += self._rows(page)
        # two words may name one
        once = list({row.id: row for row in rows}.values())
        return self._seen(page, once, sight=sight, named=True)

    def select(self, selection: Selection) -> Listing:
        if selection.named:
            return self.resolve(selection.words, sight=False)
        found = self.listing(filters=selection.filters, sight=False)
        if not found.rows:
            raise selection.nothing()
        return found

    def now(self, rows: Sequence[Instance]) -> Listing:
        return self.resolve([row.id for row in rows], sight=False)

    def later(self, rows: Sequence[Instance], most: float, pause: Callable[[float], None]) -> Listing:
        if len(rows) != 1:
            pause(min(most, MANY_EVERY))
            return self.now(rows)
        (row,) = rows
        began = time.monotonic()
        asked = {
            "generation": row.generation,
            "desired": row.desired.value,
            "status": self._status.get(row.id),
            "timeout": math.ceil(min(most, LONG)),
        }
        told = self._link.get(f"/instances/{row.id}/wait", asked, patience=LONG)
        if (left := LOOK_EVERY - (time.monotonic() - began)) > 0:
            pause(left)
        (seen,) = self._rows({"items": [told["instance"]]})
        return Listing((seen,), self._link.read(lambda one: read_moment(one["now"]), told), {})

    def history(self, row: Instance) -> Sequence[Event]:
        told = self._link.get(f"/instances/{row.id}/events")
        return self._link.read(lambda one: [read_event(event, row.id) for event in one["items"]], told)

    def guard(self, row: Instance) -> Guard | None:
        from im.views.guard import read_guard

        told = self._link.get(f"/instances/{row.id}/guard")
        return self._link.read(lambda one: read_guard(one, row.id), told)

    def explain(self, row: Instance, now: datetime) -> Explanation:
        from im.views.why import read_why

        return self._link.read(read_why, self._link.get(f"/instances/{row.id}/why"))

    def costs(self, rows: Sequence[Instance]) -> Mapping[str, Cost]:
        return {row.id: self._costs[row.id] for row in rows if row.id in self._costs}

    def added(self, answer: Answer) -> Mapping[str, Added]:
        return {one.after.id: self._added[one.after.id] for one in answer.changes if one.after.id in self._added}

    def billing(self, row: Instance) -> BillingRules:
        cost = self._costs.get(row.id)
        return cost.rates.rules if cost else PER_SECOND

    def _rows(self, page: Any) -> list[Instance]:
        rows = self._link.read(lambda one: [read_instance(told) for told in one["items"]], page)
        self._link.read(lambda one: self.noted(one["items"]), page)
        return rows

    def _seen(self, page: Any, rows: Sequence[Instance], *, sight: bool, named: bool) -> Listing:
        now = self._link.read(lambda one: read_moment(one["now"]), page)
        if not sight:
            return Listing(tuple(rows), now, {})
        told = self._link.get("/fleet")
        self._sandbox = bool(told["sandbox"])
        return replace(self._link.read(lambda one: read_fleet(one, rows, named=named), told), now=now)


def _written(filters: Sequence[Filter]) -> str | None:
    if not filters:
        return None
    from shlex import join

    return join(f"{one.key}={one.value}" for one in filters)
