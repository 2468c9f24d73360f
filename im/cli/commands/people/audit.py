"""`im audit`: what was done to users, tokens, quotas, budgets and the deployment, and by whom."""

from __future__ import annotations

import click

from im.cli.options.shared import Output, output_options
from im.cli.session import Session, here, pass_session


@click.command(short_help="Who changed users, tokens, quotas, budgets, prices.")
@click.option(
    "-n", "--number", "limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="So many lines."
)
@output_options
@pass_session
def audit(session: Session, limit: int, output: Output) -> None:
    """What was done that concerns no instance, the newest first; `im history` tells what was done to one."""
    from im.cli.output.table import say_json, text_table
    from im.cli.output.terminal import plain, takes_colour
    from im.views.words.times import local

    found = session.backend.people.audit(limit)
    if output.form == "json":
        from im.views.user import audit_json

        say_json([audit_json(entry) for entry in found])
        return
    if not found:
        click.echo("Nothing yet.")
        return
    now = here()
    heads = ("WHEN", "WHO", "BY", "WHAT", "TO", "DETAIL")
    body = [
        [local(one.at, now), plain(one.actor), one.channel, plain(one.verb), plain(one.subject), plain(one.detail)]
        for one in found
    ]
    click.echo(text_table(heads, body), color=takes_colour())
