"""`im token`: what a program shows in place of a person."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import click

from im.cli.options.shared import Duration, Output, output_options
from im.cli.output.errors import note
from im.cli.session import Session, here, pass_session
from im.domain.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from im.domain.people.token import Made, Token


@click.group(invoke_without_command=True, short_help="What programs show in place of a person.")
@click.option("--user", "login", metavar="LOGIN", help="Whose; yours when left out.")
@click.option("--all", "everybody", is_flag=True, help="Everybody's.")
@output_options
@click.pass_context
@pass_session
def token(session: Session, ctx: click.Context, login: str | None, everybody: bool, output: Output) -> None:
    """Tokens of the API. Each is one user's, with that user's role as it is at the moment, cut down to what it grants.

    \b
    im token create laptop --user ada
    im token create ci --user ci --grant write,terminate --for 7d
    im token revoke tok-1a2b3c4d5e
    """
    if ctx.invoked_subcommand is not None:
        return
    if everybody and login is not None:
        raise Refused("tokens are one user's or everybody's", "leave --user or --all out")
    _tell(session.backend.people.tokens(login, everybody=everybody), output)


@token.command("create")
@click.argument("name")
@click.option("--user", "login", metavar="LOGIN", help="Who is spoken for; you when left out.")
@click.option(
    "--grant", "grants", multiple=True, metavar="A,B", help="read, write, terminate, admin; default read,write."
)
@click.option("--for", "life", type=Duration(), metavar="DURATION", help="How long it lives; default 30d.")
@click.option("--admin", is_flag=True, help="Break the glass: an admin's, for whoever has the database; needs --for.")
@output_options
@pass_session
def create(
    session: Session,
    name: str,
    login: str | None,
    grants: tuple[str, ...],
    life: timedelta | None,
    admin: bool,
    output: Output,
) -> None:
    """Make a token and show it, once: it is kept nowhere."""
    from im.domain.people.token import read_grants

    if admin and (login or grants):
        raise Refused("--admin is for yourself and grants everything", "leave --user and --grant out")
    if admin and life is None:
        raise Refused("for how long is the glass broken?", f"im token create {name} --admin --for 1h")
    session.request()
    people = session.backend.people
    with session.storing(f"token {name}"):
        if admin:
            assert life is not None
            made = people.break_glass(name, life)
        else:
            granted = read_grants(grants or ("read,write",))
            made = people.create_token(name, login=login, grants=granted, life=life)
    if admin:
        note("the glass is broken: this token may do everything, and the audit says that you made it")
    _show(made, output)


@token.command("rotate")
@click.argument("token_id", metavar="ID")
@click.option(
    "--overlap", type=Duration(), default="1h", show_default=True, metavar="DURATION", help="The old one works on."
)
@output_options
@pass_session
def rotate(session: Session, token_id: str, overlap: timedelta, output: Output) -> None:
    """Make another in its place, with the same rights and as long a life."""
    session.request()
    with session.storing(f"the successor of token {token_id}"):
        made = session.backend.people.rotate_token(token_id, overlap)
    _show(made, output)


@token.command("revoke")
@click.argument("token_id", metavar="ID")
@pass_session
def revoke(session: Session, token_id: str) -> None:
    """End it at once."""
    from im.cli.output.terminal import plain

    session.request()
    with session.storing(f"the end of token {token_id}"):
        ended = session.backend.people.revoke_token(token_id)
    click.echo(f"token {ended.id} ('{plain(ended.name)}' of {plain(ended.login)}) is worth nothing any more")


def _show(made: Made, output: Output) -> None:
    """The secret goes to stdout alone, so that `im token create ci -q` can be piped into a store of secrets."""
    if output.form == "json":
        from im.cli.output.table import say_json
        from im.views.user import token_json

        say_json(token_json(made.token, made.secret))
        return
    if output.form == "table":
        note(f"token {made.token.id}, until {made.token.expires_at:%Y-%m-%d %H:%M} UTC; it is shown this once")
    click.echo(made.secret)


def _tell(found: Sequence[Token], output: Output) -> None:
    from im.cli.output.table import say_json, text_table
    from im.cli.output.terminal import plain, takes_colour
    from im.views.words.times import local

    if output.form == "json":
        from im.views.user import token_json

        say_json([token_json(one) for one in found])
    elif output.form in ("name", "id"):
        for one in found:
            click.echo(one.name if output.form == "name" else one.id)
    elif not found:
        click.echo("No token.  im token create laptop")
    else:
        now = here()
        heads = ("ID", "LOGIN", "NAME", "BEGINS", "GRANTS", "LAST USED", "STATE")
        body = [
            [
                one.id,
                plain(one.login),
                plain(one.name),
                f"{one.shown}…",
                ",".join(sorted(one.grants)),
                local(one.last_used_at, now) if one.last_used_at else "never",
                _state(one, local(one.expires_at, now), over=not one.usable(now)),
            ]
            for one in found
        ]
        click.echo(text_table(heads, body), color=takes_colour())


def _state(one: Token, until: str, *, over: bool) -> str:
    if one.revoked_at is not None:
        return "revoked"
    return f"expired {until}" if over else f"until {until}"
