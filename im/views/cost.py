"""Money: what one instance costs, and what was spent in a span of time; and read again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from im.domain.money.amount import exact, unrounded
from im.domain.money.bill import Bill, Window
from im.domain.money.cost import Cost
from im.domain.money.forecast import Rates
from im.domain.money.rules import BillingRules, While
from im.views.times import precise, read_moment, read_span, read_utc, utc

if TYPE_CHECKING:
    from im.domain.money.report import Line, Report

Costs = Mapping[str, Cost]
"""By instance id; empty where nobody asked for money."""
NO_COSTS: Costs = MappingProxyType({})

FIELDS = (
    *("group", "instances", "usd", "usd_compute", "usd_address", "usd_disk_running", "usd_disk_stopped"),
    "usd_snapshot",
    *("usd_to_deadline", "usd_overrun", "seconds_overrun", "seconds_running", "seconds_stopped", "seconds_doubtful"),
    "unknown",
)
"""Of one line of a report, in this order; a CSV has them as its heads."""


def cost_json(cost: Cost | None, rates: Callable[[Rates], dict[str, Any]] | None = None) -> dict[str, Any]:
    """Plain digits in USD, null where a price is not known; `cost` is the same unrounded, and of what it is made.

    `rates`: `rates_json`, or what remembers its documents.
    """
    return {
        "usd_per_hour": exact(cost.now_per_hour) if cost else None,
        "usd_so_far": exact(cost.so_far) if cost else None,
        "usd_to_deadline": exact(cost.to_deadline) if cost else None,
        "price_source": cost.rates.source or None if cost else None,
        "cost": _unrounded(cost, rates or rates_json) if cost else None,
    }


def _unrounded(cost: Cost, rates: Callable[[Rates], dict[str, Any]]) -> dict[str, Any]:
    """`whole` is false where the hour lacks a part whose price nobody knows, `at_most` where it is a limit and no price."""
    return {
        "usd_per_hour": unrounded(cost.now_per_hour),
        "usd_to_deadline": unrounded(cost.to_deadline),
        "whole": cost.whole,
        "at_most": cost.at_most,
        "charged_since": utc(cost.charged_since),
        "bill": bill_json(cost.bill),
        "rates": rates(cost.rates),
    }


def read_cost(told: Mapping[str, Any]) -> Cost | None:
    """From an instance's document; None where it says nothing of money."""
    cost = told.get("cost")
    if cost is None:
        return None
    return Cost(
        read_bill(cost["bill"]),
        read_rates(cost["rates"]),
        read_usd(cost["usd_per_hour"]),
        read_usd(cost["usd_to_deadline"]),
        cost["whole"],
        cost["at_most"],
        read_utc(cost.get("charged_since")),
    )


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


def read_report(told: Mapping[str, Any]) -> Report:
    from im.domain.money.report import Report  # what is told of instances has no report in it

    return Report(
        tuple(_read_line(one) for one in told["lines"]),
        _read_line(told["total"]),
        Window(read_moment(told["since"]), read_moment(told["until"])),
        tuple(told["sources"]),
    )


def line_json(line: Line) -> dict[str, Any]:
    """One group's sums; `unknown` names what has no known price and is in none of them, `exact` is the same unrounded."""
    bill = line.bill
    values = (
        *(line.group, line.count, exact(bill.total), exact(bill.compute), exact(bill.address)),
        *(exact(bill.disk_running), exact(bill.disk_stopped), exact(bill.snapshot)),
        *(exact(line.to_deadline), exact(bill.overrun_usd)),
        *(round(span.total_seconds()) for span in (bill.overrun, bill.running, bill.stopped, bill.doubt)),
        sorted(bill.unknown),
    )
    coming = {"usd_to_deadline": unrounded(line.to_deadline), "at_most": line.at_most}
    return {**dict(zip(FIELDS, values, strict=True)), "exact": {**bill_json(bill), **coming}}


def _read_line(told: Mapping[str, Any]) -> Line:
    from im.domain.money.report import Line

    sums = told["exact"]
    return Line(
        told["group"], told["instances"], read_bill(sums), read_usd(sums["usd_to_deadline"]), at_most=sums["at_most"]
    )


# ---- unrounded, for who adds it up ----------------------------------------------------------------------------------


def rates_json(rates: Rates) -> dict[str, Any]:
    """USD an hour, null where no price is known; the caps are USD a calendar month."""
    return {
        "compute": unrounded(rates.compute),
        "address": unrounded(rates.address),
        "disk": unrounded(rates.disk),
        "compute_cap": unrounded(rates.compute_cap),
        "address_cap": unrounded(rates.address_cap),
        "snapshot": unrounded(rates.snapshot),
        "more_disks": rates.more_disks,
        "source": rates.source,
        "rules": rules_json(rates.rules),
    }


def read_rates(told: Mapping[str, Any]) -> Rates:
    return Rates(
        read_usd(told["compute"]),
        read_usd(told["address"]),
        read_usd(told["disk"]),
        told["source"],
        told["more_disks"],
        read_rules(told["rules"]),
        read_usd(told["compute_cap"]),
        read_usd(told["address_cap"]),
        read_usd(told.get("snapshot", "0")),
    )


def rules_json(rules: BillingRules) -> dict[str, Any]:
    """`computing` and `address`: charged while it is `running`, or as long as it is `there`."""
    return {
        "computing": rules.computing.value,
        "address": rules.address.value,
        "least_seconds": precise(rules.least),
        "least_usd": unrounded(rules.least_usd),
        "step_seconds": precise(rules.step),
        "monthly_cap": rules.monthly_cap,
        "hours_in_month": unrounded(rules.hours_in_month),
        "disk_stopped": unrounded(rules.disk_stopped),
    }


def read_rules(told: Mapping[str, Any]) -> BillingRules:
    return BillingRules(
        While(told["computing"]),
        While(told["address"]),
        read_span(told["least_seconds"]),
        Decimal(told["least_usd"]),
        read_span(told["step_seconds"]),
        told["monthly_cap"],
        hours_in_month=Decimal(told["hours_in_month"]),
        disk_stopped=Decimal(told.get("disk_stopped", "1")),
    )


def bill_json(bill: Bill) -> dict[str, Any]:
    """`unknown` names what has no known price and is in none of the sums."""
    return {
        "usd_compute": unrounded(bill.compute),
        "usd_address": unrounded(bill.address),
        "usd_disk_running": unrounded(bill.disk_running),
        "usd_disk_stopped": unrounded(bill.disk_stopped),
        "usd_snapshot": unrounded(bill.snapshot),
        "usd_overrun": unrounded(bill.overrun_usd),
        "seconds_running": precise(bill.running),
        "seconds_stopped": precise(bill.stopped),
        "seconds_overrun": precise(bill.overrun),
        "seconds_doubtful": precise(bill.doubt),
        "unknown": sorted(bill.unknown) if bill.unknown else [],
    }


def read_bill(told: Mapping[str, Any]) -> Bill:
    return Bill(
        compute=Decimal(told["usd_compute"]),
        address=Decimal(told["usd_address"]),
        disk_running=Decimal(told["usd_disk_running"]),
        disk_stopped=Decimal(told["usd_disk_stopped"]),
        overrun_usd=Decimal(told["usd_overrun"]),
        running=read_span(told["seconds_running"]),
        stopped=read_span(told["seconds_stopped"]),
        overrun=read_span(told["seconds_overrun"]),
        doubt=read_span(told["seconds_doubtful"]),
        unknown=frozenset(told["unknown"]),
        snapshot=Decimal(told.get("usd_snapshot", "0")),
    )


def read_usd(told: str | None) -> Decimal | None:
    return None if told is None else Decimal(told)
