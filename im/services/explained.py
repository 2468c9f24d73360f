"""Why an instance is as it is, what happens next, and what becomes of it without us: its row, its guard and its cloud together."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from im.domain.errors import Refused
from im.domain.explain.if_gone import if_gone
from im.domain.explain.why import Explanation, why
from im.providers import registry
from im.services import queries
from im.services.money.costs import rules_of

if TYPE_CHECKING:
    from im.context import Context
    from im.domain.instance import Instance


def explained(ctx: Context, row: Instance, now: datetime) -> Explanation:
    """The whole answer of `im why`."""
    told = why(row, now, rules_of(row.scope))
    try:
        means = registry.profile(row.scope.provider).capabilities.guard_means
    except Refused:  # a row of a neighbouring version, of a cloud that this one does not have
        return told
    return replace(told, if_gone=if_gone(row, queries.guard(ctx, row.id), means, now))
