"""`--watch`: the same answer again and again; redrawn in place on a terminal, one after another elsewhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from im.cli.options.shared import Output
from im.cli.output.errors import note
from im.cli.output.money import costs_of
from im.cli.output.table import instance_table, say_json, show
from im.cli.output.terminal import takes_colour
from im.cli.session import Session
from im.views.instance import instances_json
from im.views.words.freshness import freshness

if TYPE_CHECKING:
    from im.domain.explain.listing import Listing


def watch(
    session: Session, look: Callable[[], Listing], output: Output, *, every: float, pause: Callable[[float], None]
) -> None:
    """Until Ctrl-C. JSON comes as one array per line."""
    sandbox = session.backend.sandbox
    drawn = output.form == "table" and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    while True:
        seen = look()
        if output.form == "json":
            costs = costs_of(session, seen.rows)
            rows = instances_json(seen.rows, seen.now, sandbox=sandbox, costs=costs)
            say_json(rows, indent=None)
        elif output.form == "table":
            table = instance_table(
                *(seen.rows, seen.now, output.columns), sandbox=sandbox, costs=costs_of(session, seen.rows)
            )
            # home, then clear from here on: an emptied screen would flicker
            if drawn:
                sys.stdout.write("\x1b[H\x1b[J")
            click.echo(table if drawn else f"{table}\n", color=takes_colour())
            for told in freshness(seen):
                note(told)
        else:
            show(seen.rows, seen.now, output, sandbox=sandbox)  # names or ids: no money in them
        pause(every)
