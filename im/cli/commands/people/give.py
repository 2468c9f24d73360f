"""`im give`: an instance becomes somebody else's."""

from __future__ import annotations

import click

from im.cli.options.selection import selection_options
from im.cli.options.shared import Output, output_options
from im.cli.output.result import names_of
from im.cli.output.terminal import plain
from im.cli.session import Session, pass_session
from im.domain.selection import Selection


@click.command(short_help="Hand it over to another user or team.")
@selection_options
@click.option("--to", required=True, metavar="OWNER", help="The user or team that has it from now on.")
@output_options
@pass_session
def give(session: Session, selection: Selection, to: str, output: Output) -> None:
    """Hand instances over. Their deadlines stay; their cost counts in the new owner's budget and quotas from now on.

    \b
    im give web-1 --to bob
    im give --filter owner=me --to ml-team
    """
    session.request()
    chosen = session.backend.looks.select(selection)
    with session.storing(f"the handing over of {names_of(chosen.rows)}"):
        answer = session.backend.requests.give([row.id for row in chosen.rows], to)
    if output.form == "json":
        from im.cli.output.money import costs_of
        from im.cli.output.table import say_json
        from im.views.instance import instances_json

        rows = [change.after for change in answer.changes]
        costs, sandbox = costs_of(session, rows), session.backend.sandbox
        say_json(instances_json(rows, answer.now, sandbox=sandbox, costs=costs))
        return
    for change in answer.changes:
        assert change.before is not None
        owners = (change.before.owner, change.after.owner)
        told = "is theirs already" if owners[0] == owners[1] else f"{plain(owners[0])} → {plain(owners[1])}"
        click.echo(f"{plain(change.after.name)}: {told}")
