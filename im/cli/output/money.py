"""Money beside instances: the cells of a table, the end of an answer's line, the price of what a dry run would launch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from im.cli.session import here
from im.domain.instance import Instance
from im.domain.money.amount import ZERO, show_rate
from im.domain.money.forecast import goes_on_costing
from im.domain.money.quote import Quote

if TYPE_CHECKING:
    from im.cli.session import Session
    from im.services.money.costs import Cost
    from im.services.requests.order import Plan


def costs_of(session: Session, rows: Sequence[Instance]) -> Mapping[str, Cost]:
    from im.services.money.costs import costs

    return costs(session.context, rows)


def quoted(session: Session, plan: Plan, span: timedelta) -> Quote:
    """By the kept prices where there is a database, else by the built-in table."""
    from im.services.money.quotes import quote_of

    return quote_of(session.context, plan, span, here())


def going_on(rows: Sequence[Instance]) -> list[Instance]:
    """Those whose cost goes on past their deadline until somebody terminates them."""

    from im.services.money.costs import rules_of

    return [row for row in rows if goes_on_costing(row, rules_of(row.scope))]


def endless(rows: Sequence[Instance], costs: Mapping[str, Cost]) -> list[str]:
    """One sentence about those among `rows`, where there are any, and what to type."""
    found = [row for row in going_on(rows) if row.id in costs]
    if not found:
        return []
    known = [usd for row in found if (usd := costs[row.id].rates.stopped) is not None]
    rate = f" {show_rate(sum(known, ZERO))}" if len(known) == len(found) else ""
    names = ", ".join(row.name for row in found[:3]) + (f" and {len(found) - 3} more" if found[3:] else "")
    says = costs[found[0].id].rates.rules.of_a_stop
    verb = "goes" if len(found) == 1 else "go"
    return [
        f"{names} {verb} on costing{rate} past the deadline: a stopped machine {says}. Next: im terminate {found[0].name}"
    ]
