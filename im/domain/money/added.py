"""What it costs to move a deadline, or to wake a machine: all that is to come afterwards, less what was to come before.

Both are what a budget sets aside (`forecast.promised`), so that what people are told is what is held against their budget.
Where a stop saves nothing and nobody ends the cost, another deadline costs nothing more within the month.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from im.domain.money.amount import ZERO
from im.domain.money.forecast import goes_on_costing, promised, to_deadline
from im.domain.state import Desired

if TYPE_CHECKING:
    from im.domain.instance import Instance
    from im.domain.money.cost import Cost
    from im.domain.money.forecast import Rates

_MILLIONTH = Decimal("0.000001")
"""As documents carry it, so that the same is said of it everywhere."""


@dataclass(frozen=True, slots=True)
class Added:
    """Of one machine: USD that are spent more, or less where it is negative; None where its price is not known."""

    usd: Decimal | None
    to_deadline: Decimal | None
    """USD from now to its new deadline."""
    rates: Rates
    endless: bool = False
    """Its cost goes on past that deadline as if nothing had happened."""


def added(before: Instance, after: Instance, cost: Cost, now: datetime) -> Added | None:
    """What has become of `before` costs more as `after`; None where no deadline was moved and nothing was woken.

    `cost`: of either of them, since they are the same machine.
    """
    if not is_moved(before, after):
        return None
    hourly, since = cost.rates, cost.charged_since
    was, becomes = (promised(row, hourly, now, since) for row in (before, after))
    more = None if was is None or becomes is None else (becomes - was).quantize(_MILLIONTH, ROUND_HALF_UP)
    return Added(more, to_deadline(after, hourly, now, since), hourly, goes_on_costing(after, hourly.rules))


def is_moved(before: Instance, after: Instance) -> bool:
    """Has it another deadline, or does it run from now on where it did not?"""
    woken = after.desired is Desired.RUNNING and (before.desired is not Desired.RUNNING or before.failed)
    return woken or before.expires_at != after.expires_at


def together(found: Iterable[Added]) -> Decimal | None:
    """The sum of them; None where the price of one is not known."""
    total = ZERO
    for one in found:
        if one.usd is None:
            return None
        total += one.usd
    return total
