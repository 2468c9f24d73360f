"""`im history`: the story of an instance, each line with its time, its actor and its reason."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import click

from im.cli.options.selection import complete_names
from im.cli.output.table import say_json
from im.cli.output.terminal import cells, plain
from im.cli.session import Session, pass_session
from im.domain.errors import Refused
from im.domain.selection import check_word
from im.views.event import event_json

if TYPE_CHECKING:
    from im.domain.event import Event


@click.command(short_help="What happened to it, when, and by whose hand.")
@click.argument("name", metavar="[NAME|ID]", required=False, shell_complete=complete_names)
@click.option("--instance-id", metavar="NAME|ID", help="The same as naming it.")
@click.option("-o", "--output", type=click.Choice(["table", "json"]), default="table", help="Form of the answer.")
@click.option("--json", "as_json", is_flag=True, help="The same as -o json.")
@pass_session
def history(session: Session, name: str | None, instance_id: str | None, output: str, as_json: bool) -> None:
    """What happened to an instance, when, by whose hand and why."""
    if name is not None and instance_id is not None:
        raise Refused("the history of one instance at a time", "leave one of the names out")
    word = name or instance_id
    if word is None:
        raise Refused("which instance?", "im history NAME; im list --all  shows the names")
    seen = session.backend.looks.resolve([check_word(word)], sight=False)
    row = seen.rows[0]
    events = session.backend.looks.history(row)
    if as_json or output == "json":
        say_json([event_json(event) for event in events])
        return
    sandbox = " (sandbox)" if session.backend.sandbox else ""
    click.echo(f"{plain(row.name)}  {row.id}  {row.provider_id or ''}{sandbox}".rstrip())
    for line in event_lines(events, seen.now):
        click.echo(line)


def event_lines(events: Sequence[Event], now: datetime) -> list[str]:
    """`17:04:05  alice  stop requested  running → stopped`, in columns; the date in front where it is not today's."""
    today = all(e.at.astimezone().date() == now.astimezone().date() for e in events)
    form = "%H:%M:%S" if today else "%Y-%m-%d %H:%M:%S"
    rows = [(e.at.astimezone().strftime(form), plain(e.actor), plain(e.kind), plain(e.reason)) for e in events]
    widths = [max((cells(row[i]) for row in rows), default=0) for i in range(3)]
    return [
        "  ".join([*(text + " " * (widths[i] - cells(text)) for i, text in enumerate(row[:3])), row[3]]).rstrip()
        for row in rows
    ]
