"""`im db`: the schema of the database."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from im.cli.output.confirm import confirm
from im.cli.output.terminal import cells, plain
from im.cli.session import Session, here, pass_session
from im.domain.errors import Refused
from im.views.words.times import ahead
from im.views.words.times import here as in_local_time

if TYPE_CHECKING:
    from im.domain.explain.resumption import Resumption

_SHOWN = 40
"""Lines of what would be done; there may be thousands."""


@click.group(short_help="Migrate the database.")
def db() -> None:
    """The database: its schema, and how far it has been migrated."""


@db.command()
@pass_session
def upgrade(session: Session) -> None:
    """Migrate to this version's schema; nothing to do is fine."""
    from im.db.schema import migrate

    found = migrate.upgrade(_url(session))
    click.echo(f"the database is {found.sentence}" if found.newer else f"the database is at revision {found.current}")


@db.command()
@pass_session
def roles(session: Session) -> None:
    """Make the three users of the database: im_migrate, im_work and im_look, or give them their rights again.

    Their passwords come from IM_MIGRATE_PASSWORD, IM_WORK_PASSWORD and IM_LOOK_PASSWORD; IM_DATABASE_URL names a user that may
    make roles. docs/security.md says who needs which.
    """
    from im.db.schema import roles as users

    passwords = {role: os.environ.get(users.variable(role), "") for role in users.ROLES}
    made = users.ensure(_url(session), passwords)
    moved = f"; {made.changed} tables now belong to {users.MIGRATE}" if made.changed else ""
    click.echo(f"{', '.join(made.roles)} have their rights{moved}")


@db.command()
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="As JSON; without --yes it is only shown.")
@pass_session
def resume(session: Session, yes: bool, as_json: bool) -> None:
    """Have this database act again, after it was restored, moved or copied here. Shows what would be stopped, and asks.

    Until then it changes nothing at the cloud: its deadlines may be old ones, and the original may still be at work, which
    holds once this one acts.
    """
    from im.cli.output.table import say_json
    from im.services.deadlines import holds, resumption
    from im.views.hold import resumption_json

    _url(session)
    session.request()
    seen = resumption.planned(session.context)
    if as_json and seen.holds and not yes:
        say_json(resumption_json(seen, resumed=False))
        return
    if seen.holds and not as_json:
        _show(seen)
    if seen.holds and not yes:
        _confirm(seen)
    with session.storing("the new home"):
        moved = holds.settle_here(session.context, actor=session.actor)
    if as_json:
        say_json(resumption_json(seen, resumed=moved))
    elif moved:
        click.echo("this server is the deployment's home from now on; make sure that the other one is gone")
    else:
        click.echo("this server was the deployment's home already")


def _show(seen: Resumption) -> None:
    for hold in seen.holds:
        click.echo(in_local_time(hold.reason, here()))
    if not seen.consequences:
        click.echo("Nothing would be stopped, started or terminated within an hour.")
        return
    click.echo("By what this database knows, im would then:")
    shown = seen.consequences[:_SHOWN]
    lines = [
        (one.effect.value, "at once" if one.at <= seen.now else ahead(one.at, seen.now), plain(one.row.name))
        for one in shown
    ]
    widths = [max(map(cells, column)) for column in zip(*lines, strict=True)]
    for one, line in zip(shown, lines, strict=True):
        columns = "  ".join(word + " " * (width - cells(word)) for word, width in zip(line, widths, strict=True))
        said = f"{one.because}; {one.row.observed}, {one.row.owner}'s"
        click.echo(f"  {columns}  {in_local_time(plain(said), here())}")
    if len(seen.consequences) > _SHOWN:
        click.echo(f"  and {len(seen.consequences) - _SHOWN} more: im db resume --json  shows all")
    click.echo(
        "To look first: im pause --for 1h, then this; im extend NAME -d 4h  for what is to go on; then im resume."
    )


def _confirm(seen: Resumption) -> None:
    many = len(seen.at_once)
    told = (
        f"{many} machine{'s' if many > 1 else ''} would be changed at once" if many else "deadlines would count again"
    )
    unattended = Refused(f"{told}, and nobody is here to ask", "say it with --yes")
    confirm("Act on these deadlines from now on?", unattended, (), "nothing was changed: deadlines stay held")


@db.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@pass_session
def status(session: Session, as_json: bool) -> None:
    """Which revision the database is at; exit code 1 when it is not this version's."""
    from im.cli.output.table import say_json
    from im.services.health.doctor import schema
    from im.views.health import schema_json

    found = schema(_url(session))
    if as_json:
        say_json(schema_json(found))
    else:
        click.echo(found.sentence)
    if not found.ok:
        click.get_current_context().exit(1)


def _url(session: Session) -> str:
    """Of the database, which no API stands for. Raises Refused where commands speak to one and no database is named."""
    url = session.settings.database_url
    if not url:
        session.services_only("im db is about a database", "on a machine of the deployment, with IM_DATABASE_URL set")
    return url
