"""`im login` and `im logout`: which `im web` every command speaks to, and the token that it is shown."""

from __future__ import annotations

import os
import sys

import click

from im.cli.output.errors import note
from im.cli.session import Session, pass_session
from im.domain.errors import NotSignedIn, Refused


@click.command(short_help="Let every command speak to an im web, by a token.")
@click.argument("url", required=False)
@click.option("--forget", is_flag=True, help="The same as im logout.")
@pass_session
def login(session: Session, url: str | None, forget: bool) -> None:
    """Keep the address of an `im web` and a token for it, in a file that only you can read.

    From then on every command speaks to it. The token is asked for, or read from standard input or IM_TOKEN; it is never an
    argument, which other users of this machine could see.

    \b
    im login https://im.example.com
    pass im-token | im login https://im.example.com
    """
    if forget:
        if url is not None:
            raise Refused("--forget needs no address", "leave the address out")
        _forget(session, revoke=False)
        return
    from im.cli.backend import place
    from im.cli.backend.remote import Remote

    if url is None:
        raise Refused("which im web?", "im login https://im.example.com")
    clean = place.check_url(url)
    where = place.Place(clean, _token(clean), "im login")
    from im.secret import learn

    learn((), os.environ, [where.token])
    remote = Remote(where)
    try:
        who = remote.who
    finally:
        remote.close()
    kept = place.keep(os.environ, where, str(who["login"]))
    click.echo(f"signed in to {clean} as {who['login']} ({who['role']}); every command speaks to it from now on")
    note(f"kept in {kept}; im logout  ends that")
    for name in ("IM_API_URL", "IM_DATABASE_URL", "IM_BROKER_URL"):
        if os.environ.get(name):
            note(f"{name} is set, and goes before it")


@click.command(short_help="Forget the token that im login has kept.")
@click.option("--revoke", is_flag=True, help="End the token itself too, wherever else it is used.")
@pass_session
def logout(session: Session, revoke: bool) -> None:
    """Forget the address and the token; commands then ask the database or the local stack again."""
    _forget(session, revoke=revoke)


def _forget(session: Session, *, revoke: bool) -> None:
    from im.cli.backend import place

    if revoke:
        session.backend.people.revoke_token(_own_token(session))
    if place.forget(os.environ):
        click.echo("the token is forgotten here" + (", and worth nothing any more" if revoke else ""))
    else:
        click.echo("nobody was signed in")


def _own_token(session: Session) -> str:
    from im.cli.backend.remote import Remote

    if not isinstance(session.backend, Remote):
        raise NotSignedIn("nobody is signed in", "im login https://im.example.com")
    return str(session.backend.who["token"])


def _token(url: str) -> str:
    """From the environment, a pipe, or a person, who is not shown what is typed."""
    given = os.environ.get("IM_TOKEN", "")
    if not given:
        given = (
            click.prompt(f"Token for {url}", hide_input=True, err=True) if sys.stdin.isatty() else sys.stdin.readline()
        )
    token = str(given).strip()
    if not token:
        raise NotSignedIn("no token was given", "im token create laptop  makes one, on a machine of the deployment")
    from im.domain.people.token import check

    try:
        return check(token)
    except Refused as exc:
        raise NotSignedIn(exc.message, exc.hint) from None
