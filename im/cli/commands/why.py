"""`im why` and `im agenda`: why an instance is as it is, and what will happen to all of them, when, and what that saves."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import click

from im.cli.options.selection import complete_names
from im.cli.options.shared import Duration
from im.cli.output.errors import note
from im.cli.output.terminal import plain, takes_colour
from im.cli.session import Session, pass_session
from im.domain import agenda as coming
from im.domain.input.duration import format_duration
from im.domain.instance import Instance
from im.domain.money.amount import ZERO, show, show_rate
from im.domain.selection import check_word
from im.domain.state import OnExpiry
from im.views.words.times import ahead, local

if TYPE_CHECKING:
    from collections.abc import Mapping

    from im.domain.money.cost import Cost

_FORM = click.Choice(["table", "json"])


@click.command("why", short_help="Why is it in this state, and what happens next?")
@click.argument("name", metavar="NAME|ID", shell_complete=complete_names)
@click.option("-o", "--output", type=_FORM, default="table", help="Form of the answer.")
@click.option("--json", "as_json", is_flag=True, help="The same as -o json.")
@pass_session
def why(session: Session, name: str, output: str, as_json: bool) -> None:
    """Why an instance is in its state, and what happens next."""
    from im.domain.explain.phase import phase
    from im.views.words.freshness import freshness

    in_words = not as_json and output != "json"
    seen = session.backend.looks.resolve([check_word(name)], sight=in_words)
    row = seen.rows[0]
    told = session.backend.looks.explain(row, seen.now)
    if not in_words:
        from im.cli.output.table import say_json
        from im.views.why import why_json

        say_json(why_json(row, told, seen.now, sandbox=session.backend.sandbox))
        return
    head = click.style(plain(row.name), bold=True)
    click.echo(f"{head} is {plain(phase(row, seen.now).word)}", color=takes_colour())
    for title, what in (
        ("because", told.because),
        ("next", told.next),
        ("you can", told.type),
        ("if gone", told.if_gone),
    ):
        if what:
            click.echo(f"  {title:<8} {plain(what)}")
    for sentence in freshness(seen):
        note(sentence)


@click.command(short_help="What will stop, when, and what that saves.")
@click.option("--within", type=Duration(), metavar="DURATION", help="Only what happens so soon.")
@click.option("-o", "--output", type=_FORM, default="table", help="Form of the answer.")
@click.option("--json", "as_json", is_flag=True, help="The same as -o json.")
@pass_session
def agenda(session: Session, within: timedelta | None, output: str, as_json: bool) -> None:
    """What will stop, when, and what that saves; soonest first."""
    from im.cli.output.money import costs_of, endless, going_on

    seen = session.backend.looks.listing(sight=False)
    due = coming.agenda(seen.rows)
    rows = coming.within(due, seen.now, within)
    costs = costs_of(session, rows)
    if as_json or output == "json":
        from im.cli.output.table import say_json
        from im.views.agenda import agenda_json

        say_json([agenda_json(row, costs[row.id], sandbox=session.backend.sandbox) for row in rows])
    elif not rows:
        click.echo(
            "Nothing is going to stop: nothing runs." if not due else "Nothing stops so soon.  im agenda  shows all."
        )
    else:
        _tell(rows, costs, seen.now, sandbox=session.backend.sandbox)
    if not as_json and output != "json":
        for sentence in endless(seen.rows, costs_of(session, going_on(session, seen.rows))):
            note(sentence)


def _what(row: Instance, now: datetime) -> str:
    if coming.is_taken_back(row):
        return "taken back by its host"
    until = coming.lent_until(row)
    return _by_deadline(row) + (f"; lent until {local(until, now)}" if until else "")


def _by_deadline(row: Instance) -> str:
    if row.stopped_by_ttl:
        return "stays, protected" if row.protected else "terminates"
    if row.on_expiry is not OnExpiry.STOP:
        return row.on_expiry.does
    if row.keep_stopped is None:
        return "stops"
    return "stops, protected" if row.protected else f"stops, ends {format_duration(row.keep_stopped)} later"


def _tell(rows: list[Instance], costs: Mapping[str, Cost], now: datetime, *, sandbox: bool) -> None:
    from im.cli.output.table import SANDBOX, text_table
    from im.views.words.money import AT_MOST

    heads = ("WHEN", "IN", "NAME", "WHAT", "TYPE", "OWNER", "TO DEADLINE", "SAVES")
    body = []
    total, known, bounded = ZERO, True, False
    for row in rows:
        cost = costs[row.id]
        saved = coming.saves(row, cost.rates)
        known, total = known and saved is not None, total + (saved or ZERO)
        mark = AT_MOST if cost.rates.at_most and not row.stopped_by_ttl else ""
        bounded = bounded or bool(mark)
        to_come = f"{mark if cost.to_deadline else ''}{show(cost.to_deadline)}" if cost.to_deadline is not None else "?"
        when = (local(coming.at(row), now), ahead(coming.at(row), now).removeprefix("in "))
        rate = f"{mark}{show_rate(saved)}" if saved is not None else "?"
        body.append(
            [
                plain(cell)
                for cell in (*when, row.name, _what(row, now), row.spec.instance_type, row.owner, to_come, rate)
            ]
        )
    click.echo(text_table(heads, body, right={1, 6, 7}, footer=SANDBOX if sandbox else ""), color=takes_colour())
    more = "" if known else " and what has no known price"
    note(f"together {'at most ' if bounded else ''}{show_rate(total)}{more} are saved from then on")
