"""What is known of instances, from Postgres."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from im.context import Context
    from im.domain.event import Event
    from im.domain.explain.listing import Listing
    from im.domain.explain.why import Explanation
    from im.domain.guard import Guard
    from im.domain.instance import Instance
    from im.domain.money.added import Added
    from im.domain.money.cost import Cost
    from im.domain.money.rules import BillingRules
    from im.domain.people.view import Base
    from im.domain.selection import Filter, Selection
    from im.services.requests.result import Answer

LOOK_EVERY = 0.3
"""Seconds between two looks at rows that are waited for."""


class DirectLooks:
    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    def listing(
        self, *, everything: bool = False, filters: Sequence[Filter] = (), base: Base | None = None, sight: bool = True
    ) -> Listing:
        from im.domain.selection import Selection
        from im.services import queries

        found = queries.listing(self._ctx, everything=everything)
        me = self._ctx.settings.owner
        admitted = Selection(filters=tuple(filters)).admitted(found.rows, found.now, me)
        if base is not None:
            admitted = tuple(row for row in admitted if base.admits(row, found.now, me))
        return replace(found, rows=admitted)

    def resolve(self, words: Sequence[str], *, sight: bool = True) -> Listing:
        from im.services import queries

        return queries.resolve(self._ctx, words)

    def select(self, selection: Selection) -> Listing:
        from im.services import queries

        return queries.select(self._ctx, selection, self._ctx.settings.owner)

    def now(self, rows: Sequence[Instance]) -> Listing:
        from im.services import queries

        return queries.by_ids(self._ctx, [row.id for row in rows])

    def later(self, rows: Sequence[Instance], most: float, pause: Callable[[float], None]) -> Listing:
        pause(LOOK_EVERY)
        return self.now(rows)

    def history(self, row: Instance) -> Sequence[Event]:
        from im.services import queries

        return queries.history(self._ctx, row.id)

    def guard(self, row: Instance) -> Guard | None:
        from im.services import queries

        return queries.guard(self._ctx, row.id)

    def explain(self, row: Instance, now: datetime) -> Explanation:
        from im.services.explained import explained

        return explained(self._ctx, row, now)

    def costs(self, rows: Sequence[Instance]) -> Mapping[str, Cost]:
        from im.services.money.costs import costs

        return costs(self._ctx, rows)

    def added(self, answer: Answer) -> Mapping[str, Added]:
        from im.views.change import added_by

        return added_by(answer, self.costs([one.after for one in answer.changes]))

    def billing(self, row: Instance) -> BillingRules:
        from im.services.money.rules import rules_of

        return rules_of(row.scope)
