"""`im list` and `im status`: what Postgres knows, how old that is, and for one instance all of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

import click

from im.cli.options.selection import complete_names
from im.cli.options.shared import Output, columns_option, output_options
from im.cli.output.errors import note
from im.cli.output.money import costs_of
from im.cli.output.table import SANDBOX, check_columns, say_json, show
from im.cli.output.terminal import plain, takes_colour
from im.cli.session import Session, pass_session
from im.domain.explain.phase import phase
from im.domain.selection import Filter, check_word
from im.views.words.freshness import freshness
from im.views.words.money import cost_lines
from im.views.words.times import ahead, end_of, here, local, second_end, ssh_line

if TYPE_CHECKING:
    from im.domain.explain.listing import Listing
    from im.domain.instance import Instance
    from im.domain.people.view import Base

WATCH_EVERY = 2.0
"""Seconds between two looks of `--watch`."""
LAST_EVENTS = 5


@click.command("list", short_help="Every instance: state, address, time left.")
@click.option("--all", "everything", is_flag=True, help="The closed ones too.")
@click.option(
    "--filter", "filters", multiple=True, metavar="KEY=VALUE", help="Only owner=me, status=…, type=…, zone=…, …"
)
@click.option("--view", metavar="NAME", help="mine, soon, overdue, failed, or one that you have saved (im view).")
@click.option("-w", "--watch", is_flag=True, help="Again every two seconds, until Ctrl-C.")
@columns_option
@output_options
@pass_session
def list_(
    session: Session, everything: bool, filters: tuple[str, ...], view: str | None, watch: bool, output: Output
) -> None:
    """Every instance: state, address, time left."""
    found, base = tuple(Filter.parse(f) for f in filters), None
    if view is not None:
        from im.cli.commands.people.view import called, filters_of

        seen = called(session, view)
        found, base, everything = (*filters_of(seen), *found), seen.base, everything or seen.everything
        output = Output(output.form, output.columns or tuple(name.upper() for name in seen.columns))
    _list(session, found, output, everything=everything, watch=watch, base=base)


@click.command(short_help="One instance in detail.")
@click.argument("names", nargs=-1, metavar="[NAME|ID]...", shell_complete=complete_names)
@click.option("--instance-id", "ids", multiple=True, metavar="NAME|ID", help="The same as naming it; repeatable.")
@click.option("-w", "--watch", is_flag=True, help="Again every two seconds, until Ctrl-C.")
@columns_option
@output_options
@pass_session
def status(session: Session, names: tuple[str, ...], ids: tuple[str, ...], watch: bool, output: Output) -> None:
    """One instance in detail; without a name, the list."""
    words = tuple(dict.fromkeys(check_word(w) for w in (*names, *ids)))
    if not words:
        _list(session, (), output, everything=False, watch=watch)
    elif watch:
        _again_and_again(session, lambda: session.backend.looks.resolve(words), output)
    elif output.form == "json":
        seen = session.backend.looks.resolve(words)
        say_json([_detail_json(session, row, seen) for row in seen.rows])
    elif output.form == "table" and not output.columns:
        seen = session.backend.looks.resolve(words)
        told = [_detail(session, row, seen) for row in seen.rows]
        click.echo("\n\n".join(told), color=takes_colour())
        _say_freshness(seen)
    else:
        seen = session.backend.looks.resolve(words, sight=False)
        show(seen.rows, seen.now, output, sandbox=session.backend.sandbox, costs=costs_of(session, seen.rows))


def _list(
    session: Session,
    filters: tuple[Filter, ...],
    output: Output,
    *,
    everything: bool,
    watch: bool,
    base: Base | None = None,
) -> None:
    check_columns(output.columns)

    def look() -> Listing:
        sight = output.form == "table"
        return session.backend.looks.listing(everything=everything, filters=filters, base=base, sight=sight)

    if watch:
        _again_and_again(session, look, output)
        return
    seen = look()
    sandbox = session.backend.sandbox
    if not seen.rows and output.form == "table":
        click.echo(nothing(filtered=bool(filters or base), everything=everything))
        if sandbox:
            note(SANDBOX)
    else:
        show(seen.rows, seen.now, output, sandbox=sandbox, costs=costs_of(session, seen.rows))
    if output.form == "table":
        _say_freshness(seen)


def nothing(*, filtered: bool, everything: bool) -> str:
    if filtered:
        return "No instance fits the filter.  im list  shows them all."
    first = "im create --public-key ~/.ssh/id_ed25519.pub -d 1h"
    return f"No instances yet.  {first}" if everything else f"No living instances.  {first}"


def _again_and_again(session: Session, look: Callable[[], Listing], output: Output) -> None:
    from im.cli.commands.watch import watch

    watch(session, look, output, every=WATCH_EVERY, pause=time.sleep)


def _say_freshness(seen: Listing) -> None:
    for sentence in freshness(seen):
        note(sentence)


def _detail_json(session: Session, row: Instance, seen: Listing) -> dict[str, object]:
    from im.views.instance import detail_json  # a table does without

    health = seen.health.get(row.scope)
    return detail_json(
        *(row, seen.now),
        sandbox=session.backend.sandbox,
        costs=costs_of(session, [row]),
        refreshed_at=health.refreshed_at if health else None,
        guard=session.backend.looks.guard(row),
        events=session.backend.looks.history(row),
    )


def _told_lines(session: Session, row: Instance, now: datetime) -> list[tuple[str, str]]:
    told = session.backend.looks.explain(row, now)
    return [(title, here(said, now)) for title, said in (("launch", told.turn), ("if gone", told.if_gone)) if said]


def _detail(session: Session, row: Instance, seen: Listing) -> str:
    now, word = seen.now, phase(row, seen.now)
    age = ahead(row.observed_at, now)
    lines = [
        ("id", f"{row.id}  {row.provider_id or '(no machine yet)'}"),
        # of one that is to be adopted nothing is known until its cloud has shown it
        ("what", ", ".join(filter(None, (row.spec.instance_type, row.spec.image))) or "not known yet"),
        ("where", f"{row.scope.provider} {row.zone or row.spec.zone or row.scope.region}, account {row.scope.account}"),
        ("owner", row.owner),
        ("desired", f"{row.desired} (by {row.by}, {row.why})"),
        ("observed", f"{row.observed} ({age})"),
        ("deadline", f"{end_of(row, now)}" if row.closed_at is None else local(row.expires_at, now)),
        *([("then", then)] if (then := second_end(row, now)) else []),
        ("address", " · ".join(filter(None, (row.public_ip, row.private_ip))) or "-"),
        ("log in", ssh_line(row) or "-"),
        *([("lent", f"by its host until {local(until, now)}")] if (until := row.terms.lent_until) else []),
    ]
    from im.cli.commands.history import event_lines  # a table of machines does without these
    from im.cli.output.machine import machine_lines

    lines += machine_lines(row.spec)
    lines += _told_lines(session, row, now)
    lines += cost_lines(costs_of(session, [row])[row.id])
    if row.error:
        lines.append(("error", row.error))
    head = f"{click.style(plain(row.name), bold=True)}: {plain(word.word)}"
    if session.backend.sandbox:
        head += click.style("  (sandbox)", dim=True)
    body = [f"  {title:<9} {plain(what)}" for title, what in lines]
    events = session.backend.looks.history(row)[-LAST_EVENTS:]
    return "\n".join([head, *body, f"  {'lately':<9}", *(f"    {line}" for line in event_lines(events, now))])
