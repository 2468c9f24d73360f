"""`im pause` and `im resume`: deadlines held for an incident, with a reason and an end."""

from __future__ import annotations

from datetime import timedelta

import click

from im.cli.options.shared import Duration
from im.cli.session import Session, here, pass_session
from im.views.words.times import local, span


@click.command(short_help="Hold all deadlines for an incident.")
@click.option(
    "--for", "length", type=Duration(), default="1h", show_default=True, metavar="DURATION", help="At most a day."
)
@click.option("--reason", default="no reason given", help="What everybody sees beside it.")
@pass_session
def pause(session: Session, length: timedelta, reason: str) -> None:
    """Hold all deadlines for an incident: nothing is stopped by its TTL until the pause ends or `im resume`."""
    session.request()
    with session.storing("the pause"):
        until = session.backend.fleet.pause(length, reason)
    click.echo(f"deadlines are held until {local(until, here())} (for {span(length)}): {reason}")
    click.echo("Requests are still carried out; machines past their deadline go on billing. im resume  ends it.")


@click.command(short_help="End a pause.")
@pass_session
def resume(session: Session) -> None:
    """End a pause; what has fallen due meanwhile is stopped within 30 s."""
    session.request()
    with session.storing("the end of the pause"):
        ended = session.backend.fleet.resume()
    if ended:
        click.echo("deadlines are enforced again; what is due is stopped within 30 s")
    else:
        click.echo("there was no pause")
