"""Budgets: what may be spent in a calendar month (UTC), by one owner or by everybody, and whether a wish still fits."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from im.domain.errors import OverLimit
from im.domain.money.amount import cents, show

EVERYBODY = ""
"""The owner of the budget that holds for the whole deployment."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What may be spent in a month."""

    owner: str
    usd_per_month: Decimal

    @property
    def whose(self) -> str:
        return f"the budget of {self.owner}" if self.owner else "the budget of this deployment"


@dataclass(frozen=True, slots=True)
class Use:
    """How a budget stands: spent since the first of the month, and promised to what runs until its deadline.

    Where a stop saves nothing, promised until something ends the cost: see `forecast.promised`.
    """

    budget: Budget
    spent: Decimal
    promised: Decimal
    unknown: tuple[str, ...] = ()
    """Instance types without a price: what they cost is in neither sum."""

    @property
    def left(self) -> Decimal:
        return self.budget.usd_per_month - self.spent - self.promised


def check(use: Use, asked: Decimal, *, endless: bool = False) -> None:
    """Raises OverLimit when `use`, in whose promises `asked` is contained already, is more than there is.

    `endless`: something is asked for that no deadline saves money on, so that it counts to the end of the month.
    """
    if use.left >= 0:
        return
    before = use.promised - asked
    raise OverLimit(
        f"{use.budget.whose} would be exceeded by {_over(-use.left)}: of {show(use.budget.usd_per_month)} a month "
        f"{show(use.spent)} are spent, {show(before)} are promised until the deadlines, and this is {show(asked)}"
        + (" to the end of the month, for the deadline stops it, which saves nothing at this cloud" if endless else ""),
        "--on-expiry terminate  ends the cost with the deadline, --keep-stopped 1d  a day later; im budget  shows the limits"
        if endless
        else "ask for less time, or stop something: im agenda  shows what runs; im budget  shows the limits",
    )


def _over(usd: Decimal) -> str:
    """Never less than it is: a cent at least."""
    return show(max(cents(usd), Decimal("0.01")))
