"""Money beside instances: asked for where it is shown, and only then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from im.domain.money.amount import ZERO, show_rate
from im.domain.money.forecast import goes_on_costing

if TYPE_CHECKING:
    from im.cli.session import Session
    from im.domain.instance import Instance
    from im.domain.money.cost import Cost


def costs_of(session: Session, rows: Sequence[Instance]) -> Mapping[str, Cost]:
    return session.backend.looks.costs(rows)


def going_on(session: Session, rows: Sequence[Instance]) -> list[Instance]:
    """Those whose cost goes on past their deadline until somebody terminates them."""
    billing = session.backend.looks.billing
    return [row for row in rows if goes_on_costing(row, billing(row))]


def endless(rows: Sequence[Instance], costs: Mapping[str, Cost]) -> list[str]:
    """One sentence about those among `rows`, where there are any, and what to type."""
    found = [row for row in rows if row.id in costs and goes_on_costing(row, costs[row.id].rates.rules)]
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
