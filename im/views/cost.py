"""Money: what one instance costs, and what was spent in a span of time."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from im.domain.money.amount import exact
from im.views.times import utc

if TYPE_CHECKING:
    from im.services.money.costs import Cost
    from im.services.money.report import Line, Report

Costs = Mapping[str, "Cost"]
"""By instance id; empty where nobody asked for money."""
NO_COSTS: Costs = MappingProxyType({})

FIELDS = (
    *("group", "instances", "usd", "usd_compute", "usd_address", "usd_disk_running", "usd_disk_stopped"),
    *("usd_to_deadline", "usd_overrun", "seconds_overrun", "seconds_running", "seconds_stopped", "seconds_doubtful"),
    "unknown",
)
"""Of one line of a report, in this order; a CSV has them as its heads."""


def cost_json(cost: Cost | None) -> dict[str, Any]:
    """Plain digits in USD, null where a price is not known."""
    return {
        "usd_per_hour": exact(cost.now_per_hour) if cost else None,
        "usd_so_far": exact(cost.so_far) if cost else None,
        "usd_to_deadline": exact(cost.to_deadline) if cost else None,
        "price_source": cost.rates.source or None if cost else None,
    }


def report_json(found: Report, by: str, *, sandbox: bool) -> dict[str, Any]:
    return {
        "by": by,
        "since": utc(found.window.since),
        "until": utc(found.window.until),
        "sandbox": sandbox,
        "sources": list(found.sources),
        "lines": [line_json(one) for one in found.lines],
        "total": line_json(found.total),
    }


def line_json(line: Line) -> dict[str, Any]:
    """One group's sums; `unknown` names what has no known price and is in none of them."""
    bill = line.bill
    values = (
        *(line.group, line.count, exact(bill.total), exact(bill.compute), exact(bill.address)),
        *(exact(bill.disk_running), exact(bill.disk_stopped), exact(line.to_deadline), exact(bill.overrun_usd)),
        *(round(span.total_seconds()) for span in (bill.overrun, bill.running, bill.stopped, bill.doubt)),
        sorted(bill.unknown),
    )
    return dict(zip(FIELDS, values, strict=True))
