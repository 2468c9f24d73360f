"""Money in words: the cells of a table, the end of an answer's line, the price of what a rehearsal would launch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from im.domain.input.duration import format_duration
from im.domain.money.amount import ZERO, show, show_rate

if TYPE_CHECKING:
    from im.domain.instance import Instance
    from im.domain.money.added import Added
    from im.domain.money.cost import Cost
    from im.domain.money.forecast import Rates
    from im.domain.money.offer import Offer
    from im.domain.money.quote import Quote

UNKNOWN = "?"
"""A price that nobody told us is shown as that, never as a guess."""
AT_MOST = "≤"
"""Before a sum that a --max-price bounds: what it is going to be, nobody knows."""


def rate_cell(cost: Cost | None) -> str:
    """`$/H`: what an hour costs in the state that it is in; with a + where a part has no known price, a ≤ where it is a limit."""
    if cost is None or cost.now_per_hour is None:
        return UNKNOWN
    if not cost.now_per_hour:
        return "-"
    return f"{AT_MOST if cost.at_most else ''}{show(cost.now_per_hour)}{'' if cost.whole else '+'}"


def cost_cell(cost: Cost | None) -> str:
    """`COST`: so far; with a + when a part of it has no known price, so that it is at least that."""
    if cost is None:
        return UNKNOWN
    total, known = cost.bill.total, cost.bill.known
    if not known:
        return f"{show(total)}+" if total else UNKNOWN
    return show(total) if total else "-"


def cost_lines(cost: Cost) -> list[tuple[str, str]]:
    """For the detail of one instance: so far and of what, what an hour costs, and what is still to come."""
    bill, hourly = cost.bill, cost.rates
    parts = [
        ("computing", bill.compute),
        ("address", bill.address),
        ("disk while it ran", bill.disk_running),
        ("disk while stopped", bill.disk_stopped),
        ("snapshot", bill.snapshot),
    ]
    of = ", ".join(f"{what} {show(usd)}" for what, usd in parts if usd)
    far = f"{cost_cell(cost)}{f' ({of})' if of else ''}"
    if bill.unknown:
        far += f"; no price is known for {', '.join(sorted(bill.unknown))}"
    lines = [("cost", far)]
    if hourly.running is not None:
        to_come = f", {show(cost.to_deadline)} to the deadline" if cost.to_deadline else ""
        ran = "while it runs or is stopped" if hourly.rules.stop_saves_nothing else "while it runs"
        lines.append(("rate", f"{_about(hourly)} {ran}{to_come} ({hourly.source})"))
    if hourly.snapshot:
        lines.append(("shelved", f"{show_rate(hourly.snapshot)} for its snapshot, and its address where that is kept"))
    if bill.overrun:
        late = format_duration(bill.overrun) if bill.overrun >= timedelta(seconds=1) else "less than a second"
        lines.append(("overrun", f"{late} past its deadline, {show(bill.overrun_usd)}"))
    return lines


def ending(rows: Sequence[Instance], costs: Mapping[str, Cost]) -> str:
    """What ends the line about one instance, or about several that are alike: what they cost together. Empty for what failed."""
    found = [costs[row.id] for row in rows if row.id in costs and not row.failed]
    if not found:
        return ""
    known = [cost.rates for cost in found if cost.rates.running is not None]
    if len(known) < len(found):
        return " · price unknown"
    per_hour = sum((rates.running or ZERO for rates in known), ZERO)
    to_come = sum((cost.to_deadline or ZERO for cost in found), ZERO)
    first = found[0].rates
    rate = f"{_bound(first)}{show_rate(per_hour)}{_without(first)}"
    return f" · {rate}, {show(to_come)} to the deadline" if to_come else f" · {rate}"


def more(found: Sequence[Added]) -> str:
    """`$0.42 more`, `$0.42 less`, `at most $0.19 more`, `nothing more`, `price unknown`: what moved deadlines come to together."""
    from im.domain.money.added import together  # a look moves nothing

    usd = together(found)
    if usd is None:
        return "price unknown"
    if not usd:
        return "nothing more, for a stop saves nothing" if any(one.endless for one in found) else "nothing more"
    bounds = {_bound(one.rates) for one in found if one.usd}
    bound = bounds.pop() if len(bounds) == 1 else "about "
    late = any(one.endless and one.usd and one.to_deadline is not None and one.usd > one.to_deadline for one in found)
    return f"{bound}{show(abs(usd))} {'more' if usd > 0 else 'less'}{' by the end of the month' if late else ''}"


def adding(one: Added | None) -> str:
    """What ends the line about one instance whose deadline was moved: ` · $0.42 more, $1.20 until then`. Empty for None."""
    if one is None:
        return ""
    told = more([one])
    if one.usd is None or not one.to_deadline or show(one.to_deadline) == show(one.usd):
        return f" · {told}"
    if one.endless and not one.usd:  # what is paid anyway is not said to be paid until then
        return f" · {told}"
    return f" · {told}, {_bound(one.rates)}{show(one.to_deadline)} until then"


def adding_together(found: Sequence[Added]) -> list[str]:
    """The line below those of several: `together $1.26 more`. None below that of one."""
    return [f"together {more(found)}"] if len(found) > 1 else []


def _about(hourly: Rates) -> str:
    """`$0.0117/h`, `at least $0.0108/h`, `at most $0.0558/h`, or `at most $0.0550/h without its disk`."""
    return f"{_bound(hourly)}{show_rate(hourly.running or ZERO)}{_without(hourly)}"


def _bound(hourly: Rates) -> str:
    if hourly.at_most:
        return "at most "
    return "" if hourly.whole else "at least "


def _without(hourly: Rates) -> str:
    return f" without its {' and '.join(hourly.missing)}" if hourly.at_most and hourly.missing else ""


def quote_sentence(quote: Quote) -> str:
    """What a plan would cost, for all of its machines, and where that is from."""
    if quote.per_hour is None or quote.to_deadline is None:
        if quote.spot:
            return (
                "unknown here: the cloud tells spot prices to those with credentials, and the workers ask once it is launched; "
                "it is never more than on demand"
            )
        return "unknown so far: no kept price and no built-in table has it in this region (im prices)"
    parts = (("computing", quote.rates.compute), ("address", quote.rates.address), ("disk", quote.rates.disk))
    of = ", ".join(f"{what} {show(usd * quote.count)}" for what, usd in parts if usd)
    bound, missing = _bound(quote.rates), quote.rates.missing
    more = f"; no price is known for its {' and '.join(missing)}" if missing else ""
    rate = f"{bound}{show_rate(quote.per_hour)} ({of}){_without(quote.rates)}"
    source = quote.rates.source.removeprefix("at most: ")
    return f"{rate}, {bound}{show(quote.to_deadline)} until then; {source}{more}"


def what_stays(quote: Quote, *, keeps_address: bool) -> str:
    """What costs where a deadline shelves. `keeps_address`: it comes back with its address, which is one of these things."""
    snapshot = "a snapshot of it, by the GB and month; how many GB is known once it is made"
    if not keeps_address:
        return f"{snapshot}; it comes back with another address"
    usd = quote.rates.address
    each = "" if usd is None else f", {show_rate(usd * quote.count)}"
    return f"{snapshot}; and its address{each}, with which it comes back if that can be had"


def what_goes_on(quote: Quote) -> str:
    """What becomes of the cost where nothing ends it, and what to type."""
    rate = "" if quote.stopped is None else f" {show_rate(quote.stopped)}"
    return (
        f"a stopped machine {quote.rates.rules.of_a_stop}: it goes on costing{rate}. --on-expiry terminate  ends that"
    )


def offered(one: Offer) -> str:
    """One of the offers that a cloud was chosen from."""
    usd = "price unknown" if one.usd_per_hour is None else show_rate(one.usd_per_hour)
    where = ", ".join(one.zones[:3]) or one.region
    tells = "" if one.room else ", as far as it tells"
    apart = f"; {one.apart}" if one.apart else ""
    return f"{usd}  {one.provider} {one.instance_type} in {where}{tells}{apart}"
