"""`im session`: browsers that are signed in."""

from __future__ import annotations

import click

from im.cli.options.shared import Output, output_options
from im.cli.session import Session, here, pass_session


@click.group(invoke_without_command=True, short_help="Browsers that are signed in, and their end.")
@click.option("--user", "login", metavar="LOGIN", help="One user's; when left out everybody's that you may see.")
@output_options
@click.pass_context
@pass_session
def session(session: Session, ctx: click.Context, login: str | None, output: Output) -> None:
    """Browsers that are signed in on the page, the last seen first.

    \b
    im web link                                    # signs one in
    im session end ses-1a2b3c4d5e
    """
    if ctx.invoked_subcommand is not None:
        return
    from im.cli.output.table import say_json, text_table
    from im.cli.output.terminal import plain, takes_colour
    from im.views.words.times import local

    found = session.backend.people.sessions(login)
    if output.form == "json":
        from im.views.user import session_json

        say_json([session_json(one) for one in found])
        return
    if output.form in ("name", "id"):
        for one in found:
            click.echo(one.id)
        return
    if not found:
        click.echo("Nobody is signed in.  im web link")
        return
    now = here()
    body = [
        [
            one.id,
            plain(one.login),
            one.how.value,
            local(one.made_at, now),
            local(one.seen_at, now),
            local(one.expires_at, now),
        ]
        for one in found
    ]
    click.echo(text_table(("ID", "USER", "BY", "SINCE", "LAST SEEN", "UNTIL"), body), color=takes_colour())


@session.command("end")
@click.argument("session_id", metavar="ID")
@pass_session
def end(session: Session, session_id: str) -> None:
    """Sign that browser out, at once."""
    from im.cli.output.terminal import plain

    session.request()
    with session.storing(f"the end of session {session_id}"):
        ended = session.backend.people.end_session(session_id)
    click.echo(f"{plain(ended.login)} is signed out of {ended.id}")
