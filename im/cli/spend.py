"""Money beside instances: the cells of a table, the end of an answer's line, the price of what a dry run would launch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from im.cli.moments import sentence
from im.domain.cost import Item, for_span, price_at
from im.domain.duration import format_duration
from im.domain.errors import ImError
from im.domain.instance import Instance
from im.domain.money import exact, show, show_rate

if TYPE_CHECKING:
    from im.cli.session import Session
    from im.services.costs import Cost
    from im.services.request import Change, Plan

UNKNOWN = "?"
"""A price that nobody told us is shown as that, never as a guess."""


def rate_cell(cost: Cost | None) -> str:
    """`$/H`: what an hour costs in the state that it is in."""
    if cost is None or cost.now_per_hour is None:
        return UNKNOWN
    return show(cost.now_per_hour) if cost.now_per_hour else "-"


def cost_cell(cost: Cost | None) -> str:
    """`COST`: so far; with a + when a part of it has no known price, so that it is at least that."""
    if cost is None:
        return UNKNOWN
    total, known = cost.bill.total, cost.bill.known
    if not known:
        return f"{show(total)}+" if total else UNKNOWN
    return show(total) if total else "-"


def cost_json(cost: Cost | None) -> dict[str, Any]:
    """Plain digits in USD, null where a price is not known."""
    return {
        "usd_per_hour": exact(cost.now_per_hour) if cost else None,
        "usd_so_far": exact(cost.so_far) if cost else None,
        "usd_to_deadline": exact(cost.to_deadline) if cost else None,
    }


def cost_lines(cost: Cost) -> list[tuple[str, str]]:
    """For the detail of one instance: so far and of what, what an hour costs, and what is still to come."""
    bill, hourly = cost.bill, cost.rates
    parts = [
        ("computing", bill.compute),
        ("address", bill.address),
        ("disk while it ran", bill.disk_running),
        ("disk while stopped", bill.disk_stopped),
    ]
    of = ", ".join(f"{what} {show(usd)}" for what, usd in parts if usd)
    far = f"{cost_cell(cost)}{f' ({of})' if of else ''}"
    if bill.unknown:
        far += f"; no price is known for {', '.join(sorted(bill.unknown))}"
    lines = [("cost", far)]
    if hourly.running is not None:
        to_come = f", {show(cost.to_deadline)} to the deadline" if cost.to_deadline else ""
        lines.append(("rate", f"{show_rate(hourly.running)} while it runs{to_come} ({hourly.source})"))
    if bill.overrun:
        late = format_duration(bill.overrun) if bill.overrun >= timedelta(seconds=1) else "less than a second"
        lines.append(("overrun", f"{late} past its deadline, {show(bill.overrun_usd)}"))
    return lines


def costs_of(session: Session, rows: Sequence[Instance]) -> Mapping[str, Cost]:
    from im.services.costs import costs

    return costs(session.context, rows)


def promised(session: Session, rows: Sequence[Instance]) -> Callable[[Change, Instance, datetime], str]:
    """The line that answers a create: what it is, until when, and what that costs."""
    found: dict[str, Cost] = {}

    def tell(_change: Change, row: Instance, now: datetime) -> str:
        if not found:
            found.update(costs_of(session, rows))
        return f"{sentence(row, now)}{_ending(found.get(row.id))}"

    return tell


def _ending(cost: Cost | None) -> str:
    if cost is None or cost.rates.running is None:
        return " · price unknown"
    if not cost.to_deadline:
        return f" · {show_rate(cost.rates.running)}"
    return f" · {show_rate(cost.rates.running)}, {show(cost.to_deadline)} to the deadline"


@dataclass(frozen=True, slots=True)
class Quote:
    """What a plan would cost, computing only: disk and address are known once there is a machine."""

    per_hour: Decimal | None
    to_deadline: Decimal | None
    source: str

    @property
    def sentence(self) -> str:
        if self.per_hour is None or self.to_deadline is None:
            return "unknown: no price list has this type in this region"
        disk = "disk and address come on top"
        return f"{show_rate(self.per_hour)}, {show(self.to_deadline)} until then ({self.source}); {disk}"


def quoted(session: Session, plan: Plan, span: timedelta) -> Quote:
    """By the kept prices where there is a database, else by the built-in table."""
    from im.providers.prices import built_in
    from im.services.costs import price_book

    item = Item(plan.scope.provider, plan.scope.region, plan.spec.instance_type)
    try:
        with session.context.begin() as connection:
            prices = price_book(connection, [item]).get(item, ())
            price = price_at(prices, session.context.clock(connection))
    except ImError:
        price = built_in(item.provider).get(item)
    if price is None:
        return Quote(None, None, "")
    each = price.usd * plan.count
    return Quote(each, for_span(each, span), price.source)
