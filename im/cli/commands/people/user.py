"""`im user`: people, services and teams, with their roles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from im.cli.options.shared import Output, output_options
from im.cli.session import Session, pass_session
from im.domain.access import Role
from im.domain.errors import Refused
from im.domain.people.user import UserKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from im.domain.people.user import User

_KINDS = click.Choice([kind.value for kind in UserKind])
_ROLES = click.Choice([role.value for role in Role])


@click.group(invoke_without_command=True, short_help="Who there is: people, services, teams, and their roles.")
@output_options
@click.pass_context
@pass_session
def user(session: Session, ctx: click.Context, output: Output) -> None:
    """Who there is. A viewer sees, a member does everything with what is theirs or their team's, an admin everything.

    \b
    im user add ada --role admin
    im user add ml --kind team
    im user add bob --team ml
    im user add ci --kind service
    """
    if ctx.invoked_subcommand is not None:
        return
    _tell(session.backend.people.users(), output)


@user.command("add")
@click.argument("login")
@click.option("--kind", type=_KINDS, default="person", show_default=True, help="A person, a program, or a team.")
@click.option("--role", type=_ROLES, help="What they may do; member when left out.")
@click.option("--team", metavar="TEAM", help="Whose instances are theirs too.")
@click.option("--display", default="", metavar="NAME", help="How tables and pages call them.")
@output_options
@pass_session
def add(
    session: Session, login: str, kind: str, role: str | None, team: str | None, display: str, output: Output
) -> None:
    """Add somebody. With the first user a deployment has people: what is owned is somebody's from then on."""
    if kind == UserKind.TEAM and role is not None:
        raise Refused("a team has no role: its members have", "leave --role out")
    session.request()
    with session.storing(f"user {login}"):
        made = session.backend.people.add_user(
            login,
            kind=UserKind(kind),
            role=Role(role) if role else Role.MEMBER,
            team=team,
            display=display,
        )
    _tell([made], output)


@user.command("set")
@click.argument("login")
@click.option("--role", type=_ROLES, help="What they may do from now on, in every session and with every token.")
@click.option("--team", metavar="TEAM", help="Their team from now on.")
@click.option("--no-team", is_flag=True, help="They are in no team any more.")
@click.option("--display", metavar="NAME", help="How tables and pages call them.")
@click.option("--subject", metavar="SUB", help="What the identity provider calls them: who signs in so is them.")
@click.option("--no-subject", is_flag=True, help="Nobody signs in as them by the identity provider any more.")
@output_options
@pass_session
def set_(
    session: Session,
    login: str,
    role: str | None,
    team: str | None,
    no_team: bool,
    display: str | None,
    subject: str | None,
    no_subject: bool,
    output: Output,
) -> None:
    """Change somebody. What they own stays theirs."""
    if no_team and team is not None:
        raise Refused("--team and --no-team exclude each other", "leave one of them out")
    if team == "":
        raise Refused("a team has a name", "--no-team  takes them out of theirs")
    if no_subject and subject is not None:
        raise Refused("--subject and --no-subject exclude each other", "leave one of them out")
    if not (no_team or no_subject) and all(one is None for one in (role, team, display, subject)):
        raise Refused("nothing is to be changed", "name --role, --team, --no-team, --display or --subject")
    session.request()
    with session.storing(f"the change of user {login}"):
        changed = session.backend.people.change_user(
            login,
            role=Role(role) if role else None,
            team="" if no_team else team,
            display=display,
            subject="" if no_subject else subject,
        )
    _tell([changed], output)


@user.command("disable")
@click.argument("login")
@output_options
@pass_session
def disable(session: Session, login: str, output: Output) -> None:
    """Let nobody act in their name any more; their tokens end. What they have runs on until its deadlines."""
    session.request()
    with session.storing(f"the disabling of user {login}"):
        changed = session.backend.people.change_user(login, disabled=True)
    _tell([changed], output)


@user.command("enable")
@click.argument("login")
@output_options
@pass_session
def enable(session: Session, login: str, output: Output) -> None:
    """Let them act again, with new tokens."""
    session.request()
    with session.storing(f"the enabling of user {login}"):
        changed = session.backend.people.change_user(login, disabled=False)
    _tell([changed], output)


@user.command("remove")
@click.argument("login")
@pass_session
def remove(session: Session, login: str) -> None:
    """Forget somebody who owns nothing that lives; the history keeps their name."""
    session.request()
    with session.storing(f"the removal of user {login}"):
        session.backend.people.remove_user(login)
    click.echo(f"no user {login} any more")


def _tell(found: Sequence[User], output: Output) -> None:
    from im.cli.output.table import say_json, text_table
    from im.cli.output.terminal import plain, takes_colour

    if output.form == "json":
        from im.views.user import user_json

        say_json([user_json(one) for one in found])
    elif output.form in ("name", "id"):
        for one in found:
            click.echo(one.login)
    elif not found:
        click.echo("No user: whoever has the database's address is its admin.  im user add ada --role admin")
    else:
        heads = ("LOGIN", "KIND", "ROLE", "TEAM", "NAME", "STATE")
        body = [
            [
                plain(one.login),
                one.kind.value,
                "-" if one.kind is UserKind.TEAM else one.role.value,
                plain(one.team or "-"),
                plain(one.display),
                "disabled" if one.disabled_at else "active",
            ]
            for one in found
        ]
        click.echo(text_table(heads, body), color=takes_colour())
