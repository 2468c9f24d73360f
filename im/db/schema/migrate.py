"""Alembic, driven from inside: the migrations travel with the package."""

from __future__ import annotations

from pathlib import Path

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

import im
from alembic import command
from im.db.engine import Database


def config(connection: Connection | None = None) -> Config:
    """Alembic's configuration: `im/migrations` in an installed package, `alembic/` beside it in a checkout."""
    package = Path(im.__file__).parent
    inside, beside = package / "migrations", package.parent / "alembic"
    made = Config()
    made.set_main_option("script_location", str(inside if inside.is_dir() else beside).replace("%", "%%"))
    made.set_main_option("path_separator", "os")
    if connection is not None:
        made.attributes["connection"] = connection
    return made


def upgrade(database_url: str, revision: str = "head") -> None:
    """Migrate to `revision`. Safe to run from several places at once: the second waits and finds nothing to do."""
    database = Database(database_url)
    try:
        with database.begin() as connection:
            command.upgrade(config(connection), revision)
    finally:
        database.dispose()


def downgrade(database_url: str, revision: str) -> None:
    database = Database(database_url)
    try:
        with database.begin() as connection:
            command.downgrade(config(connection), revision)
    finally:
        database.dispose()


def head() -> str:
    found = ScriptDirectory.from_config(config()).get_current_head()
    assert found is not None
    return found


def current(connection: Connection) -> str | None:
    """The revision the database is at; None when it was never migrated."""
    return MigrationContext.configure(connection).get_current_revision()
