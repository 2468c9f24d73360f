"""`im cost`: what was spent, by whom, on what, and what is promised until the deadlines."""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from im.cli.options.shared import Duration
from im.cli.output.errors import note
from im.cli.session import Session, pass_session
from im.domain.errors import Refused
from im.domain.input.spreadsheet import cell
from im.domain.money.amount import cents, show
from im.views.cost import FIELDS, line_json, report_json
from im.views.words.money import AT_MOST

if TYPE_CHECKING:
    from im.domain.money.report import Line, Report

GROUPS = ("owner", "type", "provider", "tag:KEY", "day")


@click.command(short_help="What was spent, by whom and on what.")
@click.option("--by", default="owner", show_default=True, metavar="|".join(GROUPS), help="One line for each of these.")
@click.option("--since", type=Duration(), default="30d", show_default=True, metavar="DURATION", help="How far back.")
@click.option(
    "-o", "--output", type=click.Choice(["table", "json", "csv"]), default="table", help="Form of the answer."
)
@click.option("--json", "as_json", is_flag=True, help="The same as -o json.")
@click.option("--csv", "as_csv", is_flag=True, help="The same as -o csv.")
@pass_session
def cost(session: Session, by: str, since: timedelta, output: str, as_json: bool, as_csv: bool) -> None:
    """What was spent, by list prices and the running time that the cloud told. Owners are advisory.

    \b
    im cost --by day --since 7d
    im cost --by tag:team --csv > spent.csv
    """
    if by.partition(":")[0] not in ("owner", "type", "provider", "tag", "day") or (by == "tag" or by == "tag:"):
        raise Refused(f"--by {by[:40]} is not understood", f"one of {', '.join(GROUPS)}")
    found = session.backend.money.report(by, since)
    if as_json or output == "json":
        from im.cli.output.table import say_json

        say_json(report_json(found, by, sandbox=session.backend.sandbox))
    elif as_csv or output == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(FIELDS)
        for line in found.lines:
            writer.writerow(_csv_line(line))
    else:
        _tell(found, by, since, sandbox=session.backend.sandbox)


def _tell(found: Report, by: str, since: timedelta, *, sandbox: bool) -> None:
    from im.cli.output.table import SANDBOX, text_table
    from im.cli.output.terminal import plain, takes_colour
    from im.views.words.times import span

    if not found.lines:
        click.echo(f"Nothing was spent in the last {span(since)}.")
        return
    heads = (
        by.upper(),
        "INSTANCES",
        "RUNNING",
        "COMPUTE",
        "ADDRESS",
        "DISK",
        "STOPPED",
        "TOTAL",
        "TO DEADLINE",
        "OVERRUN",
    )
    body = [[plain(cell) for cell in _cells(line)] for line in (*found.lines, found.total)]
    table = text_table(heads, body, right=set(range(1, len(heads))), footer=SANDBOX if sandbox else "")
    click.echo(table, color=takes_colour())
    for told in _notes(found):
        note(told)


def _cells(line: Line) -> Sequence[str]:
    from im.views.words.times import span

    bill = line.bill
    more = "+" if bill.unknown else ""
    over = f"{span(bill.overrun)}, {show(bill.overrun_usd)}" if bill.overrun >= timedelta(seconds=1) else "-"
    sums = (bill.compute, bill.address, bill.disk_running, bill.disk_stopped)
    return (
        *(line.group, str(line.count), span(bill.running)),
        *(f"${cents(usd):,f}" for usd in sums),
        f"${cents(bill.total):,f}{more}",
        "?" if line.to_deadline is None else f"{AT_MOST if line.at_most else ''}${cents(line.to_deadline):,f}",
        over,
    )


def _notes(found: Report) -> list[str]:
    bill = found.total.bill
    told = [f"list prices without taxes and discounts: {'; '.join(found.sources)}"] if found.sources else []
    if bill.unknown:
        told.append(f"no price is known for {', '.join(sorted(bill.unknown))}: a + means at least that much")
    if bill.snapshot:
        told.append(f"{show(bill.snapshot)} of the total are for snapshots of what was shelved")
    if bill.doubt >= timedelta(seconds=1):
        from im.views.words.times import span

        told.append(f"{span(bill.doubt)} of the running time lie in gaps that the cloud did not date; they are counted")
    return told


def _csv_line(line: Line) -> list[object]:
    told = line_json(line)
    return [cell("; ".join(told[name]) if name == "unknown" else told[name]) for name in FIELDS]
