"""What was spent, grouped and by day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from im.db.read import instances
from im.domain.instance import Instance
from im.domain.money.amount import ZERO
from im.domain.money.bill import Window, sum_bills
from im.domain.money.report import Line, Report
from im.services.money.costs import Ledger, ledger

if TYPE_CHECKING:
    from im.context import Context


def report(ctx: Context, by: str, since: timedelta, *, owners: Sequence[str] | None = None) -> Report:
    """What was spent in the last `since`, by owner, type, provider, day (UTC) or `tag:KEY`, dearest first (days in order).

    `owners`: of these alone; None: of all.
    """
    with ctx.looking() as connection:
        now = ctx.clock(connection)
        window = Window(now - since, now)
        rows = [row for row in instances.since(connection, window.since) if owners is None or row.owner in owners]
        found = ledger(connection, rows, now)
    lines = _by_day(found, window) if by == "day" else _by_group(found, window, by)
    sources = sorted({prices[-1].source for prices in found.book.values() if prices})
    return Report(tuple(lines), _line("total", found, list(found.rows), window), window, tuple(sources))


def _by_group(found: Ledger, window: Window, by: str) -> list[Line]:
    groups: dict[str, list[Instance]] = {}
    for row in found.rows:
        groups.setdefault(_group(row, by), []).append(row)
    lines = [_line(name, found, rows, window) for name, rows in groups.items()]
    return sorted((line for line in lines if line.bill.running or line.bill.total or line.to_deadline), key=_dearest)


def _by_day(found: Ledger, window: Window) -> list[Line]:
    lines = []
    day = window.since.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    while day < window.until:
        part = Window(max(day, window.since), min(day + timedelta(days=1), window.until))
        bills = [found.bill(row, part) for row in found.rows if found.existed(row, part)]
        whole = sum_bills(bills)
        if whole.total or whole.running:
            lines.append(Line(f"{day:%Y-%m-%d}", sum(1 for b in bills if b.total or b.running), whole, ZERO))
        day += timedelta(days=1)
    return lines


def _line(name: str, found: Ledger, rows: Sequence[Instance], window: Window) -> Line:
    bills = [found.bill(row, window) for row in rows]
    hourly = [found.rates(row) for row in rows]
    to_come = [found.to_deadline(row) for row in rows]
    known = [usd for usd in to_come if usd is not None]
    whole = sum(known, ZERO) if len(known) == len(to_come) else None
    at_most = any(rate.at_most and usd for rate, usd in zip(hourly, to_come, strict=True))
    return Line(name, sum(1 for b in bills if b.total or b.running), sum_bills(bills), whole, at_most)


def _group(row: Instance, by: str) -> str:
    match by.partition(":"):
        case ("type", _, _):
            return row.spec.instance_type
        case ("provider", _, _):
            return row.scope.provider
        case ("tag", _, key):
            return row.spec.tags.get(key, f"(no {key})")
        case _:
            return row.owner


def _dearest(line: Line) -> tuple[Decimal, str]:
    return (-line.bill.total, line.group)
