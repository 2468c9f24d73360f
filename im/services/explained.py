"""Why an instance is as it is, what happens next, and what becomes of it without us: its row, its guard and its cloud together."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from im.domain.config.limits import calls_of
from im.domain.errors import Refused
from im.domain.explain.if_gone import if_gone
from im.domain.explain.why import Explanation, waits_for_launch, why
from im.providers import registry
from im.services import queries
from im.services.money.rules import rules_of

if TYPE_CHECKING:
    from im.context import Context
    from im.domain.instance import Instance
    from im.providers.capabilities import Capabilities


def explained(ctx: Context, row: Instance, now: datetime) -> Explanation:
    """The whole answer of `im why`."""
    try:
        can = registry.capabilities(row.scope.provider)
    except Refused:  # a row of a neighbouring version, of a cloud that this one does not have
        return why(row, now, rules_of(row.scope))
    told = why(row, now, rules_of(row.scope), _turn(ctx, row, can, now))
    return replace(told, if_gone=if_gone(row, queries.guard(ctx, row.id), can.guard_means, now))


def _turn(ctx: Context, row: Instance, can: Capabilities, now: datetime) -> str:
    """What its launch waits for, where its cloud is asked for so many in a span and others stand before it."""
    rate = calls_of(can.rates, ctx.settings.limits, row.scope.account).get("launch")
    if rate is None or not row.launch_token or not waits_for_launch(row):
        return ""
    from im.domain.explain.turn import turn  # few wait

    place = queries.place_of_launch(ctx, row.launch_token)
    return turn(place, rate, now) if place is not None else ""
