"""`im db`: the schema of the database."""

from __future__ import annotations

import os

import click

from im.cli.session import Session, pass_session


@click.group(short_help="Migrate the database.")
def db() -> None:
    """The database: its schema, and how far it has been migrated."""


@db.command()
@pass_session
def upgrade(session: Session) -> None:
    """Migrate to this version's schema; nothing to do is fine."""
    from im.db.schema import migrate

    migrate.upgrade(_url(session))
    click.echo(f"the database is at revision {migrate.head()}")


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
@pass_session
def resume(session: Session) -> None:
    """Make this database server the deployment's home, and the one that acts, after it was moved, restored or copied here.

    A copy changes nothing at the cloud until then, for the original may still be at work; that one holds once this one acts.
    """
    from im.services.deadlines import holds

    _url(session)
    session.request()
    with session.storing("the new home"):
        moved = holds.settle_here(session.context, actor=session.actor)
    if moved:
        click.echo("this server is the deployment's home from now on; make sure that the other one is gone")
    else:
        click.echo("this server was the deployment's home already")


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
