"""`im web link`: a link that signs a browser in, once."""

from __future__ import annotations

import click

from im.cli.options.shared import Output, output_options
from im.cli.output.errors import note
from im.cli.session import Session, pass_session


@click.command(short_help="A link that signs a browser in, once.")
@click.option("--user", "login", metavar="LOGIN", help="Whom it signs in; you when left out.")
@output_options
@pass_session
def link(session: Session, login: str | None, output: Output) -> None:
    """Make a link that opens the page and signs you in: once, within five minutes.

    Whoever opens it is asked first, so that no preview of it uses it up. Without any user it is for this machine's browser.
    """
    from im.views.user import link_json
    from im.views.words.times import local

    session.request()
    with session.storing("the link"):
        made, url = session.backend.people.link(login)
    if output.form == "json":
        from im.cli.output.table import say_json

        say_json(link_json(made, url))
        return
    if output.form == "table":
        from im.cli.output.terminal import plain
        from im.cli.session import here

        until = local(made.expires_at, here())
        note(f"signs in as {plain(made.login)}, once, until {until}")
        _say_if_nobody_serves(session)
    click.echo(url)


def _say_if_nobody_serves(session: Session) -> None:
    if session.place is not None:
        return  # it was just asked
    from im.domain.config.web import WebSettings
    from im.web.address import page_answers, page_url

    if not session.settings.own(WebSettings).web_url and not page_answers(session.settings):
        note(f"nothing answers at {page_url(session.settings)} yet. Next: im up -d, or im web")
